//! The metrics: typed methods in, the text that Prometheus reads out.
//!
//! Labels hold only words of our own (route patterns, methods, codes), never anything a caller wrote: the number of
//! series stays bounded, and nothing private can leak into them.

use std::sync::OnceLock;
use std::sync::atomic::Ordering;
use std::time::Duration;

use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue, LabelValueEncoder};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::{Family, MetricConstructor};
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

/// The content type of [`Metrics::encode`].
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Seconds: from a cached reply to a long upload.
const DURATION_BUCKETS: [f64; 14] =
    [0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 30.0, 300.0];

/// The first digit of a status: five classes instead of sixty series.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum StatusClass {
    /// 1xx, and anything that is no status.
    Informational,
    /// 2xx.
    Success,
    /// 3xx.
    Redirection,
    /// 4xx.
    ClientError,
    /// 5xx.
    ServerError,
}

impl EncodeLabelValue for StatusClass {
    fn encode(&self, encoder: &mut LabelValueEncoder<'_>) -> Result<(), std::fmt::Error> {
        let text = match self {
            Self::Informational => "1xx",
            Self::Success => "2xx",
            Self::Redirection => "3xx",
            Self::ClientError => "4xx",
            Self::ServerError => "5xx",
        };
        text.encode(encoder)
    }
}

impl From<u16> for StatusClass {
    fn from(status: u16) -> Self {
        match status {
            200..=299 => Self::Success,
            300..=399 => Self::Redirection,
            400..=499 => Self::ClientError,
            500..=599 => Self::ServerError,
            _ => Self::Informational,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    route: &'static str,
    method: &'static str,
    status: StatusClass,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RouteLabel {
    route: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ReasonLabel {
    reason: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct LimitLabel {
    limit: &'static str,
}

#[derive(Debug, Clone)]
struct Durations;

impl MetricConstructor<Histogram> for Durations {
    fn new_metric(&self) -> Histogram {
        Histogram::new(DURATION_BUCKETS)
    }
}

impl RequestLabels {
    /// Where a series with these labels is looked for first: the texts are constants, so their places tell them apart.
    fn place(&self) -> usize {
        let texts = self.route.as_ptr().addr() ^ self.method.as_ptr().addr().rotate_left(7);
        (texts ^ (texts >> 9) ^ (self.status as usize).rotate_left(3)) % NEAR
    }
}

/// What is counted of requests with the same labels.
#[derive(Debug)]
struct Series {
    labels: RequestLabels,
    requests: Counter,
    durations: Histogram,
}

/// Series that are found without looking through all of them, at most.
const NEAR: usize = 512;
/// Places where a series is looked for.
const TRIES: usize = 4;

/// All metrics of the server. Share it behind an `Arc`; every method is cheap and never waits for I/O.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    requests: Family<RequestLabels, Counter>,
    durations: Family<RouteLabel, Histogram, Durations>,
    /// Series that were used before, by their place.
    near: Box<[OnceLock<Series>]>,
    ready: Counter,
    direct: Counter,
    bytes_out: Counter,
    uploads: Gauge,
    refusals: Family<ReasonLabel, Counter>,
    connections: Gauge,
    throttled: Counter,
    limits: Limits,
    commits: Counter,
    changes: Counter,
}

/// What the limits on work and connections are, and did.
#[derive(Debug, Default)]
struct Limits {
    waits: Family<LimitLabel, Counter>,
    refusals: Family<LimitLabel, Counter>,
    places: Family<LimitLabel, Gauge>,
    own: Family<LimitLabel, Gauge>,
}

/// One more of something for as long as it lives, such as an open connection.
#[derive(Debug)]
#[must_use = "it counts until it is dropped"]
pub struct InProgress(Gauge);

impl InProgress {
    fn one_more(gauge: &Gauge) -> Self {
        gauge.inc();
        Self(gauge.clone())
    }
}

impl Drop for InProgress {
    fn drop(&mut self) {
        self.0.dec();
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new(&Counter::default())
    }
}

impl Metrics {
    /// All of them at zero. `lost_log_lines` is the log queue's own counter.
    pub fn new(lost_log_lines: &Counter) -> Self {
        let mut metrics = Self {
            registry: Registry::with_prefix("cairn"),
            requests: Family::default(),
            durations: Family::new_with_constructor(Durations),
            near: std::iter::repeat_with(OnceLock::new).take(NEAR).collect(),
            ready: Counter::default(),
            direct: Counter::default(),
            bytes_out: Counter::default(),
            uploads: Gauge::default(),
            refusals: Family::default(),
            connections: Gauge::default(),
            throttled: Counter::default(),
            limits: Limits::default(),
            commits: Counter::default(),
            changes: Counter::default(),
        };
        metrics.register_http();
        metrics.register_limits();
        metrics.register_storage();
        metrics.registry.register(
            "log_lines_lost",
            "Log lines that found the queue full",
            lost_log_lines.clone(),
        );
        metrics
    }

    fn register_http(&mut self) {
        let registry = &mut self.registry;
        registry.register("http_requests", "Requests answered", self.requests.clone());
        registry.register_with_unit(
            "http_request_duration",
            "From the end of the request head to the end of the answer",
            Unit::Seconds,
            self.durations.clone(),
        );
        registry.register_with_unit(
            "http_sent",
            "Bytes of answer bodies",
            Unit::Bytes,
            self.bytes_out.clone(),
        );
        registry.register(
            "http_ready_answers",
            "Requests answered from what was kept, without reading the store",
            self.ready.clone(),
        );
        registry.register(
            "http_direct_answers",
            "Requests among those that were plain enough to be answered on the spot",
            self.direct.clone(),
        );
        registry.register("http_connections", "Connections open", self.connections.clone());
        registry.register("uploads_in_progress", "Uploads being received", self.uploads.clone());
        registry.register("upload_refusals", "Uploads refused, by reason", self.refusals.clone());
        registry.register("sign_ins_throttled", "Password sign-ins refused unseen", self.throttled.clone());
    }

    fn register_limits(&mut self) {
        let (registry, limits) = (&mut self.registry, &self.limits);
        registry.register("limit_waits", "How often something waited for a place", limits.waits.clone());
        registry.register(
            "limit_refusals",
            "How often something was refused for want of one",
            limits.refusals.clone(),
        );
        registry.register("limit_places", "Places there are", limits.places.clone());
        registry.register("limit_places_per_caller", "Places one caller has at most", limits.own.clone());
    }

    fn register_storage(&mut self) {
        let registry = &mut self.registry;
        registry.register("store_commits", "Durable commits", self.commits.clone());
        registry.register("store_changes", "Changes made durable, many to a commit", self.changes.clone());
    }

    /// A request was answered. `route` is the route's pattern, `bytes` counts the answer's body.
    pub fn request(
        &self,
        route: &'static str,
        method: &'static str,
        status: StatusClass,
        took: Duration,
        bytes: u64,
    ) {
        let labels = RequestLabels { route, method, status };
        let first = labels.place();
        let places = (first..first + TRIES).filter_map(|place| self.near.get(place % NEAR));
        let mut near = places.map(|place| place.get_or_init(|| self.series(&labels)));
        let other;
        let series = match near.find(|series| series.labels == labels) {
            Some(series) => series,
            None => {
                other = self.series(&labels);
                &other
            }
        };
        series.requests.inc();
        series.durations.observe(took.as_secs_f64());
        self.bytes_out.inc_by(bytes);
    }

    fn series(&self, labels: &RequestLabels) -> Series {
        Series {
            labels: labels.clone(),
            requests: self.requests.get_or_create(labels).clone(),
            durations: self.durations.get_or_create(&RouteLabel { route: labels.route }).clone(),
        }
    }

    /// An answer was ready: the store was not read.
    pub fn ready_answer(&self) {
        self.ready.inc();
    }

    /// A ready answer was given on the spot, without taking the request apart.
    pub fn direct_answer(&self) {
        self.direct.inc();
    }

    /// A connection was opened; drop the value when it closes.
    pub fn connection(&self) -> InProgress {
        InProgress::one_more(&self.connections)
    }

    /// An upload began; drop the value when it ends.
    pub fn upload(&self) -> InProgress {
        InProgress::one_more(&self.uploads)
    }

    /// An upload was refused. `reason` is the refusal's stable code.
    pub fn upload_refused(&self, reason: &'static str) {
        self.refusals.get_or_create(&ReasonLabel { reason }).inc();
    }

    /// A password sign-in was refused without looking at the password.
    pub fn sign_in_throttled(&self) {
        self.throttled.inc();
    }

    /// The store's own totals: durable commits, and the changes in them.
    pub fn set_commits(&self, commits: u64, changes: u64) {
        self.commits.inner().store(commits, Ordering::Relaxed);
        self.changes.inner().store(changes, Ordering::Relaxed);
    }

    /// What a limit did so far. `limit` is a word of our own.
    pub fn set_limit(&self, limit: &'static str, waits: u64, refusals: u64) {
        let label = LimitLabel { limit };
        self.limits.waits.get_or_create(&label).inner().store(waits, Ordering::Relaxed);
        self.limits.refusals.get_or_create(&label).inner().store(refusals, Ordering::Relaxed);
    }

    /// What a limit is: places, and how many of them one caller has at most.
    pub fn set_limit_places(&self, limit: &'static str, places: u64, own: u64) {
        let label = LimitLabel { limit };
        let shown = |number| i64::try_from(number).unwrap_or(i64::MAX);
        self.limits.places.get_or_create(&label).set(shown(places));
        self.limits.own.get_or_create(&label).set(shown(own));
    }

    /// Everything, in the `OpenMetrics` text format: see [`CONTENT_TYPE`].
    pub fn encode(&self) -> String {
        let mut text = String::new();
        // Writing to a string does not fail.
        let _ = encode(&mut text, &self.registry);
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_happened_is_what_is_printed() {
        let lost = Counter::default();
        let metrics = Metrics::new(&lost);
        let route = "/api/v4/projects/:id";
        metrics.request(route, "GET", 200.into(), Duration::from_millis(3), 10);
        metrics.request(route, "GET", 204.into(), Duration::from_secs(2), 0);
        metrics.request(route, "GET", 404.into(), Duration::from_millis(3), 5);
        metrics.upload_refused("bad_archive");
        metrics.sign_in_throttled();
        metrics.ready_answer();
        metrics.direct_answer();
        metrics.set_commits(2, 7);
        metrics.set_limit("uploads", 3, 1);
        metrics.set_limit_places("uploads", 32, 16);
        lost.inc_by(4);
        let _open = metrics.connection();
        drop(metrics.connection());
        let upload = metrics.upload();
        let text = metrics.encode();
        for line in [
            "cairn_http_requests_total{route=\"/api/v4/projects/:id\",method=\"GET\",status=\"2xx\"} 2",
            "cairn_http_requests_total{route=\"/api/v4/projects/:id\",method=\"GET\",status=\"4xx\"} 1",
            "cairn_http_request_duration_seconds_count{route=\"/api/v4/projects/:id\"} 3",
            "cairn_http_request_duration_seconds_bucket{le=\"0.005\",route=\"/api/v4/projects/:id\"} 2",
            "cairn_http_sent_bytes_total 15",
            "cairn_http_ready_answers_total 1",
            "cairn_http_direct_answers_total 1",
            "cairn_http_connections 1",
            "cairn_uploads_in_progress 1",
            "cairn_upload_refusals_total{reason=\"bad_archive\"} 1",
            "cairn_sign_ins_throttled_total 1",
            "cairn_store_commits_total 2",
            "cairn_store_changes_total 7",
            "cairn_log_lines_lost_total 4",
            "cairn_limit_waits_total{limit=\"uploads\"} 3",
            "cairn_limit_refusals_total{limit=\"uploads\"} 1",
            "cairn_limit_places{limit=\"uploads\"} 32",
            "cairn_limit_places_per_caller{limit=\"uploads\"} 16",
            "# EOF",
        ] {
            assert!(text.lines().any(|found| found == line), "{line} is not in\n{text}");
        }
        drop(upload);
        assert!(metrics.encode().contains("cairn_uploads_in_progress 0"));
    }

    #[test]
    fn every_request_is_counted_with_its_own_labels_however_many_there_are() {
        let metrics = Metrics::default();
        let routes: Vec<&'static str> =
            (0..2 * NEAR).map(|number| &*Box::leak(format!("/{number}").into_boxed_str())).collect();
        for _ in 0..3 {
            for route in &routes {
                metrics.request(route, "GET", StatusClass::Success, Duration::ZERO, 0);
                metrics.request(route, "PUT", StatusClass::ClientError, Duration::ZERO, 0);
            }
        }
        let text = metrics.encode();
        for (method, status) in [("GET", "2xx"), ("PUT", "4xx")] {
            let end = format!("method=\"{method}\",status=\"{status}\"}} 3");
            assert_eq!(text.lines().filter(|line| line.ends_with(&end)).count(), routes.len());
        }
    }

    #[test]
    fn every_status_has_its_class() {
        for (status, class) in [
            (100, StatusClass::Informational),
            (204, StatusClass::Success),
            (302, StatusClass::Redirection),
            (499, StatusClass::ClientError),
            (500, StatusClass::ServerError),
            (0, StatusClass::Informational),
        ] {
            assert_eq!(StatusClass::from(status), class, "{status}");
        }
    }
}
