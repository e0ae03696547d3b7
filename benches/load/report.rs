//! What was measured, as a table for people and as JSON.

use std::path::Path;

use anyhow::Result;
use serde_json::{Value, json};

use crate::rounds::{Played, median};

/// What a value should reach, and what it must.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Goal {
    AtLeast {
        target: f64,
        floor: f64,
    },
    AtMost {
        target: f64,
        floor: f64,
    },
    /// Only told.
    None,
}

/// One line of the table.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    pub(crate) workload: String,
    /// What it is compared with; empty when the value stands alone.
    pub(crate) control: String,
    /// The unit of the values: `x` for a ratio.
    pub(crate) unit: &'static str,
    /// One a round.
    pub(crate) values: Vec<f64>,
    pub(crate) goal: Goal,
    /// Below what CI fails, where that is not the floor: the floor is not reached, and what is reached is to stay.
    pub(crate) guard: Option<f64>,
    /// What cairn did, in words.
    pub(crate) absolute: String,
    /// Ratios of the work done in a second of the server's processor time: other processes disturb them less.
    pub(crate) per_cpu: Vec<f64>,
    pub(crate) foreign: f64,
    pub(crate) dropped: usize,
    pub(crate) spoiled: bool,
}

impl Row {
    /// A ratio of what was played.
    pub(crate) fn ratio(
        workload: &str,
        control: &str,
        values: Vec<f64>,
        played: &Played,
        goal: Goal,
    ) -> Self {
        Self::value(workload, "x", values, goal).against(control).played(played)
    }

    /// Values that stand alone.
    pub(crate) fn value(workload: &str, unit: &'static str, values: Vec<f64>, goal: Goal) -> Self {
        Self {
            workload: workload.to_owned(),
            control: String::new(),
            unit,
            values,
            goal,
            guard: None,
            absolute: String::new(),
            per_cpu: Vec::new(),
            foreign: 0.0,
            dropped: 0,
            spoiled: false,
        }
    }

    pub(crate) fn against(self, control: &str) -> Self {
        Self { control: control.to_owned(), ..self }
    }

    pub(crate) fn guard(self, guard: f64) -> Self {
        Self { guard: Some(guard), ..self }
    }

    pub(crate) fn absolute(self, absolute: String) -> Self {
        Self { absolute, ..self }
    }

    pub(crate) fn per_cpu(self, per_cpu: Vec<f64>) -> Self {
        Self { per_cpu, ..self }
    }

    /// Takes over how noisy the rounds were.
    pub(crate) fn played(self, played: &Played) -> Self {
        let (dropped, spoiled) = (played.dropped, played.spoiled);
        Self { foreign: median(&played.foreign), dropped, spoiled, ..self }
    }

    fn verdict(&self) -> &'static str {
        let value = median(&self.values);
        let (met, above) = match self.goal {
            Goal::AtLeast { target, floor } => (value >= target, value >= floor),
            Goal::AtMost { target, floor } => (value <= target, value <= floor),
            Goal::None => return "-",
        };
        if met {
            "met"
        } else if above {
            "above floor"
        } else {
            "MISSED"
        }
    }

    /// Whether CI must fail: times and sizes depend on the machine, ratios do not, unless others used it meanwhile.
    pub(crate) fn is_ratio_too_low(&self) -> bool {
        let is_low = match self.guard {
            Some(guard) => median(&self.values) < guard,
            None => self.verdict() == "MISSED",
        };
        self.unit == "x" && !self.spoiled && is_low
    }

    fn bounds(&self) -> (String, String) {
        match self.goal {
            Goal::AtLeast { target, floor } => (format!(">= {target}"), format!("{floor}")),
            Goal::AtMost { target, floor } => (format!("<= {target}"), format!("{floor}")),
            Goal::None => (String::new(), String::new()),
        }
    }

    fn cells(&self) -> [String; 9] {
        let (low, high) = self.spread();
        let (target, floor) = self.bounds();
        let noise = match (self.spoiled, self.dropped) {
            (true, _) => format!("{:.2} SPOILED", self.foreign),
            (false, 0) => format!("{:.2}", self.foreign),
            (false, dropped) => format!("{:.2} ({dropped} dropped)", self.foreign),
        };
        let value =
            format!("{} {} ({}..{})", short(median(&self.values)), self.unit, short(low), short(high));
        let (workload, control) = (self.workload.clone(), self.control.clone());
        let per_cpu = if self.per_cpu.is_empty() {
            String::new()
        } else {
            format!("{} x", short(median(&self.per_cpu)))
        };
        [
            workload,
            control,
            value,
            per_cpu,
            self.absolute.clone(),
            target,
            floor,
            self.verdict().to_owned(),
            noise,
        ]
    }

    fn spread(&self) -> (f64, f64) {
        let low = self.values.iter().copied().fold(f64::INFINITY, f64::min);
        (low, self.values.iter().copied().fold(f64::NEG_INFINITY, f64::max))
    }

    fn json(&self) -> Value {
        let (target, floor) = match self.goal {
            Goal::AtLeast { target, floor } | Goal::AtMost { target, floor } => (json!(target), json!(floor)),
            Goal::None => (Value::Null, Value::Null),
        };
        json!({
            "workload": self.workload, "control": self.control, "unit": self.unit, "values": self.values,
            "median": median(&self.values), "absolute": self.absolute, "per_cpu": self.per_cpu, "target": target, "floor": floor,
            "verdict": self.verdict(), "foreign": self.foreign, "dropped": self.dropped, "spoiled": self.spoiled,
        })
    }
}

/// Three digits that matter.
pub(crate) fn short(value: f64) -> String {
    match value.abs() {
        large if large >= 100.0 => format!("{value:.0}"),
        middle if middle >= 10.0 => format!("{value:.1}"),
        _ => format!("{value:.3}"),
    }
}

/// The head of the table, and the conditions all rows were measured under.
pub(crate) fn head(about: &str) {
    println!("{about}");
    println!(
        "cairn runs with --log-level warn and nginx with access_log off, unless the row says otherwise."
    );
    println!(
        "Values are medians of the rounds (lowest..highest); noise is the share of the machine others used.\n"
    );
    let names =
        ["workload", "control", "value", "per CPU", "cairn did", "target", "floor", "verdict", "noise"];
    print_cells(&names.map(str::to_owned));
    print_cells(&names.map(|_| "---".to_owned()));
}

/// Prints a row as soon as there is one.
pub(crate) fn print(row: &Row) {
    print_cells(&row.cells());
}

fn print_cells(cells: &[String; 9]) {
    let [workload, control, value, per_cpu, absolute, target, floor, verdict, noise] = cells;
    println!(
        "| {workload:<24} | {control:<12} | {value:<28} | {per_cpu:<7} | {absolute:<34} | {target:<8} | {floor:<5} | {verdict:<11} | {noise} |"
    );
}

/// Writes all rows to a file.
pub(crate) fn write(file: &Path, about: &str, rows: &[Row]) -> Result<()> {
    let rows: Vec<Value> = rows.iter().map(Row::json).collect();
    let text = serde_json::to_string_pretty(&json!({ "about": about, "rows": rows }))?;
    Ok(std::fs::write(file, text)?)
}
