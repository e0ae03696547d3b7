//! Contestants in turns: what each does in the same few seconds, and whether somebody else was at work meanwhile.

use anyhow::Result;

use crate::machine::{self, Watch};

/// What one contestant did in one round.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Sample {
    /// Units of work a second: the more the better.
    pub(crate) rate: f64,
    /// Units of work a second of the server's processor time; 0 where that is not counted.
    pub(crate) per_cpu: f64,
    /// Milliseconds.
    pub(crate) p50: f64,
    pub(crate) p99: f64,
}

/// One contestant.
pub(crate) struct Contestant<'a> {
    pub(crate) name: &'a str,
    /// The process whose processor time is counted.
    pub(crate) pid: Option<u32>,
    /// Does work for a round: how many units, in how many seconds, and how long they took.
    pub(crate) run: Box<dyn FnMut() -> Result<Work> + 'a>,
}

/// What came of a contestant's seconds.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Work {
    pub(crate) units: f64,
    pub(crate) seconds: f64,
    pub(crate) p50: f64,
    pub(crate) p99: f64,
}

/// How rounds are played.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rules {
    pub(crate) rounds: usize,
    /// The share of the machine that others may use in a round that counts.
    pub(crate) quiet: f64,
}

/// All rounds that count.
#[derive(Debug, Clone)]
pub(crate) struct Played {
    /// For each round a sample of each contestant, in their order.
    pub(crate) rounds: Vec<Vec<Sample>>,
    /// The share of the machine that others used, of each.
    pub(crate) foreign: Vec<f64>,
    /// Rounds that did not count.
    pub(crate) dropped: usize,
    /// No round was quiet: these are all of them.
    pub(crate) spoiled: bool,
}

/// Plays a round that does not count, and then rounds until enough of them were quiet, twice as many at most.
pub(crate) fn play(rules: Rules, contestants: &mut [Contestant<'_>]) -> Result<Played> {
    // A server that has just started finds everything cold: the first turns count for nobody.
    for contestant in contestants.iter_mut() {
        turn(contestant)?;
    }
    let (mut quiet, mut noisy) = (Vec::new(), Vec::new());
    for round in 0..rules.rounds * 2 {
        // Who comes first is nobody's advantage for long.
        let mut order: Vec<usize> = (0..contestants.len()).collect();
        if round % 2 == 1 {
            order.reverse();
        }
        let watch = Watch::start()?;
        let mut samples = vec![Sample::default(); contestants.len()];
        for at in order {
            if let (Some(contestant), Some(sample)) = (contestants.get_mut(at), samples.get_mut(at)) {
                *sample = turn(contestant)?;
            }
        }
        let foreign = watch.foreign_share()?;
        if foreign <= rules.quiet { &mut quiet } else { &mut noisy }.push((samples, foreign));
        // Where nothing is ever quiet, waiting for it is in vain.
        if quiet.len() >= rules.rounds || quiet.is_empty() && noisy.len() >= rules.rounds {
            break;
        }
    }
    let spoiled = quiet.is_empty();
    let dropped = if spoiled { 0 } else { noisy.len() };
    let (rounds, foreign) = if spoiled { noisy } else { quiet }.into_iter().unzip();
    Ok(Played { rounds, foreign, dropped, spoiled })
}

fn turn(contestant: &mut Contestant<'_>) -> Result<Sample> {
    let cpu = |pid: Option<u32>| pid.map(machine::cpu_seconds).transpose();
    let before = cpu(contestant.pid)?;
    let work = (contestant.run)()
        .map_err(|error| error.context(format!("while {} was measured", contestant.name)))?;
    let used = cpu(contestant.pid)?.zip(before).map(|(after, before)| after - before);
    Ok(Sample {
        rate: work.units / work.seconds,
        per_cpu: used.filter(|used| *used > 0.0).map_or(0.0, |used| work.units / used),
        p50: work.p50,
        p99: work.p99,
    })
}

impl Played {
    /// One value of each round.
    pub(crate) fn values(&self, value: impl Fn(&[Sample]) -> Option<f64>) -> Vec<f64> {
        self.rounds.iter().filter_map(|round| value(round)).filter(|value| value.is_finite()).collect()
    }

    /// How many times the rate of the contestant `other` the first one had, round by round.
    pub(crate) fn ratios(&self, other: usize) -> Vec<f64> {
        self.values(|round| Some(round.first()?.rate / round.get(other)?.rate))
    }

    /// The same for work done in a second of processor time.
    pub(crate) fn ratios_per_cpu(&self, other: usize) -> Vec<f64> {
        self.values(|round| Some(round.first()?.per_cpu / round.get(other)?.per_cpu))
    }
}

/// The one in the middle.
pub(crate) fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let at = sorted.len() / 2;
    match (sorted.get(at), sorted.len() % 2, at.checked_sub(1).and_then(|before| sorted.get(before))) {
        (Some(upper), 0, Some(lower)) => f64::midpoint(*lower, *upper),
        (Some(middle), ..) => *middle,
        (None, ..) => f64::NAN,
    }
}

/// The value that this share of the others is below.
pub(crate) fn percentile(values: &[f64], share: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let below = sorted.iter().enumerate().take_while(|(at, _)| (*at as f64) < share * sorted.len() as f64);
    below.last().map_or(f64::NAN, |(_, value)| *value)
}
