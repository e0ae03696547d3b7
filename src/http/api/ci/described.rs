//! What requests say of pipelines: in the body that opens a job, and in the header in which a publisher describes itself.

use hyper::HeaderMap;
use hyper::header::{HeaderName, HeaderValue};
use serde_json::Value;

use crate::domain::provenance::{JobRun, MAX_CLAIM, Pipeline, Provenance, VerifiedBy};
use crate::http::api::fields::Fields;
use crate::service::ServiceError;

/// The header in which a publisher says where a package comes from.
const CLAIM: HeaderName = HeaderName::from_static("x-cairn-provenance");

/// What a publisher says of itself in `X-Cairn-Provenance`; nobody vouches for it. Refused when the header is there and
/// not as documented, with the name of what is wrong.
pub(in crate::http) fn claimed(headers: &HeaderMap) -> Result<Option<Provenance>, ServiceError> {
    let mut values = headers.get_all(CLAIM).iter();
    let Some(value) = values.next().filter(|value| !value.is_empty()) else { return Ok(None) };
    if values.next().is_some() {
        return Err(invalid("is there twice: send it once"));
    }
    within("X-Cairn-Provenance", read_claim(value))
}

fn read_claim(value: &HeaderValue) -> Result<Option<Provenance>, ServiceError> {
    if value.len() > MAX_CLAIM {
        return Err(ServiceError::Invalid(format!("more than {MAX_CLAIM} bytes")));
    }
    let Ok(Value::Object(said)) = serde_json::from_slice(value.as_bytes()) else {
        return Err(ServiceError::Invalid("not a JSON object".to_owned()));
    };
    let says_pipeline = said.get("pipeline").is_some_and(|pipeline| !pipeline.is_null());
    let fields = Fields::of(said);
    let mut provenance = Provenance::verified_by(VerifiedBy::Nobody);
    if says_pipeline {
        provenance.pipeline = Some(within("pipeline", read_pipeline(&fields.object("pipeline")?))?);
    }
    let run = within("job", read_run(&fields.object("job")?))?;
    provenance.job = (run != JobRun::default()).then_some(run);
    provenance.git_ref = fields.parsed("ref")?;
    provenance.sha = fields.parsed("sha")?;
    provenance.commit_url = fields.parsed("commit_url")?;
    provenance.source_project = fields.parsed("source_project")?;
    provenance.user = fields.parsed("user")?;
    let says_nothing = provenance == Provenance::verified_by(VerifiedBy::Nobody);
    Ok((!says_nothing).then(|| provenance.with_commit_url()))
}

/// `pipeline`: its number and what is known beside it.
pub(super) fn read_pipeline(fields: &Fields) -> Result<Pipeline, ServiceError> {
    Ok(Pipeline {
        id: fields.number("id")?.ok_or_else(|| ServiceError::Invalid("id is missing".to_owned()))?,
        iid: fields.number("iid")?,
        web_url: fields.parsed("web_url")?,
        source: fields.parsed("source")?,
    })
}

/// `job`: its name and page.
pub(super) fn read_run(fields: &Fields) -> Result<JobRun, ServiceError> {
    Ok(JobRun { name: fields.parsed("name")?, web_url: fields.parsed("web_url")? })
}

/// Says in which part something is wrong.
pub(super) fn within<T>(part: &str, read: Result<T, ServiceError>) -> Result<T, ServiceError> {
    read.map_err(|error| match error {
        ServiceError::Invalid(problem) => ServiceError::Invalid(format!("{part}: {problem}")),
        other => other,
    })
}

fn invalid(problem: &str) -> ServiceError {
    ServiceError::Invalid(format!("X-Cairn-Provenance {problem}"))
}
