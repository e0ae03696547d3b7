//! The parameters of a changing request: JSON or a form of either kind, merged with the query as GitLab does; unknown ones
//! ignored.

use hyper::header::CONTENT_TYPE;
use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::{Map, Value};
use url::form_urlencoded;

use crate::domain::{RegistryAccess, Role, Visibility};
use crate::http::form;
use crate::http::request::{Context, RequestBody, small_body};
use crate::service::ServiceError;
use crate::service::members::End;

/// Named values, not yet judged. Passwords may be among them, so it has no `Debug`.
#[derive(Default)]
pub(super) struct Fields(Map<String, Value>);

impl Fields {
    /// The values of a JSON object that did not come as the body.
    pub(super) const fn of(object: Map<String, Value>) -> Self {
        Self(object)
    }

    /// Reads the query and the body; the body wins.
    pub(super) async fn read(context: &Context<'_>, body: &mut RequestBody) -> Result<Self, ServiceError> {
        let limits = &context.app.limits;
        let bytes = small_body(body, limits.body_bytes, limits.body_chunk).await?;
        if let Some(boundary) = form::boundary(&context.head.headers).filter(|_| !bytes.is_empty()) {
            let mut fields = Self::default();
            fields.add_form(context.head.uri.query().unwrap_or_default().as_bytes());
            for (name, value) in form::texts(bytes, boundary?, limits.body_chunk).await? {
                fields.add(&name, value);
            }
            return Ok(fields);
        }
        let declared = context.head.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        Self::parse(context.head.uri.query().unwrap_or_default(), declared, &bytes)
    }

    fn parse(query: &str, declared: Option<&str>, body: &[u8]) -> Result<Self, ServiceError> {
        let mut fields = Self::default();
        fields.add_form(query.as_bytes());
        let media_type = declared.and_then(|value| value.split(';').next()).unwrap_or_default().trim();
        if body.is_empty() {
        } else if media_type.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
            fields.add_form(body);
        } else if media_type.is_empty() || media_type.eq_ignore_ascii_case("application/json") {
            match serde_json::from_slice(body) {
                Ok(Value::Object(object)) => fields.0.extend(object),
                Ok(_) => return Err(invalid("the request body must be a JSON object")),
                Err(error) => {
                    return Err(ServiceError::Invalid(format!("the request body is not JSON: {error}")));
                }
            }
        } else {
            return Err(invalid(
                "the content type is not supported: send application/json, application/x-www-form-urlencoded or \
                 multipart/form-data",
            ));
        }
        Ok(fields)
    }

    fn add_form(&mut self, bytes: &[u8]) {
        for (name, value) in form_urlencoded::parse(bytes) {
            self.add(&name, value.into_owned());
        }
    }

    /// Adds a value of a form. The name of a list ends in `[]`.
    fn add(&mut self, name: &str, value: String) {
        let value = Value::String(value);
        match name.strip_suffix("[]") {
            None => {
                self.0.insert(name.to_owned(), value);
            }
            Some(list) => {
                let entry = self.0.entry(list).or_insert_with(|| Value::Array(Vec::new()));
                if let Value::Array(values) = entry {
                    values.push(value);
                } else {
                    *entry = Value::Array(vec![value]);
                }
            }
        }
    }

    /// A value that was given and is not null.
    fn given(&self, name: &str) -> Option<&Value> {
        self.0.get(name).filter(|value| !value.is_null())
    }

    /// Refuses when one of these was not given.
    pub(super) fn require(&self, names: &[&str]) -> Result<(), ServiceError> {
        let absent = |name: &&&str| {
            self.given(name).is_none_or(|value| value.as_str().is_some_and(|text| text.trim().is_empty()))
        };
        let missing: Vec<String> =
            names.iter().filter(absent).map(|name| format!("{name} is missing")).collect();
        if missing.is_empty() { Ok(()) } else { Err(ServiceError::Invalid(missing.join(", "))) }
    }

    /// A text. A number is taken as its digits, because forms cannot tell one from the other.
    pub(super) fn text(&self, name: &str) -> Result<Option<String>, ServiceError> {
        match self.given(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(Value::Number(number)) => Ok(Some(number.to_string())),
            Some(Value::Bool(_) | Value::Array(_) | Value::Object(_) | Value::Null) => Err(wrong(name)),
        }
    }

    /// A text that was required.
    pub(super) fn required_text(&self, name: &str) -> Result<String, ServiceError> {
        self.require(&[name])?;
        Ok(self.text(name)?.unwrap_or_default())
    }

    /// A text that is not empty.
    pub(super) fn filled_text(&self, name: &str) -> Result<Option<String>, ServiceError> {
        Ok(self.text(name)?.filter(|text| !text.is_empty()))
    }

    /// Yes or no.
    pub(super) fn boolean(&self, name: &str) -> Result<Option<bool>, ServiceError> {
        match self.given(name) {
            None => Ok(None),
            Some(Value::Bool(value)) => Ok(Some(*value)),
            Some(Value::String(text)) => boolean(text).map(Some).ok_or_else(|| wrong(name)),
            Some(Value::Number(number)) if number.as_u64() == Some(0) => Ok(Some(false)),
            Some(Value::Number(number)) if number.as_u64() == Some(1) => Ok(Some(true)),
            Some(Value::Number(_) | Value::Array(_) | Value::Object(_) | Value::Null) => Err(wrong(name)),
        }
    }

    /// A whole number.
    pub(super) fn number(&self, name: &str) -> Result<Option<u64>, ServiceError> {
        match self.given(name) {
            None => Ok(None),
            Some(Value::Number(number)) => number.as_u64().map(Some).ok_or_else(|| wrong(name)),
            Some(Value::String(text)) => text.parse().map(Some).map_err(|_not_a_number| wrong(name)),
            Some(Value::Bool(_) | Value::Array(_) | Value::Object(_) | Value::Null) => Err(wrong(name)),
        }
    }

    /// The attributes of an object. A form writes them as `name[attribute]`.
    pub(super) fn object(&self, name: &str) -> Result<Self, ServiceError> {
        match self.given(name) {
            Some(Value::Object(fields)) => Ok(Self(fields.clone())),
            Some(Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_)) => {
                Err(wrong(name))
            }
            None => {
                let inner = |key: &str| {
                    Some(key.strip_prefix(name)?.strip_prefix('[')?.strip_suffix(']')?.to_owned())
                };
                Ok(Self(
                    self.0.iter().filter_map(|(key, value)| Some((inner(key)?, value.clone()))).collect(),
                ))
            }
        }
    }

    /// All of them, as texts.
    pub(super) fn texts(&self) -> Result<Vec<(String, String)>, ServiceError> {
        let text = |name: &String| Ok((name.clone(), self.text(name)?.ok_or_else(|| wrong(name))?));
        self.0.keys().map(text).collect()
    }

    /// A text that `T` can be read from; the error names the parameter.
    pub(super) fn parsed<T>(&self, name: &str) -> Result<Option<T>, ServiceError>
    where
        T: std::str::FromStr<Err: std::fmt::Display>,
    {
        let parse =
            |text: String| text.parse().map_err(|error| ServiceError::Invalid(format!("{name} {error}")));
        self.filled_text(name)?.map(parse).transpose()
    }

    /// The same for a parameter that was required.
    pub(super) fn required<T>(&self, name: &str) -> Result<T, ServiceError>
    where
        T: std::str::FromStr<Err: std::fmt::Display>,
    {
        self.parsed(name)?.ok_or_else(|| ServiceError::Invalid(format!("{name} is missing")))
    }

    /// A list of words, each known to `find`. A single text may hold several, separated by commas or spaces.
    pub(super) fn words<T>(
        &self,
        name: &str,
        find: impl Fn(&str) -> Option<T>,
    ) -> Result<Vec<T>, ServiceError> {
        let unknown = || ServiceError::Invalid(format!("{name} does not have a valid value"));
        let find = |word: &str| find(word).ok_or_else(unknown);
        match self.given(name) {
            None => Ok(Vec::new()),
            Some(Value::String(text)) => {
                text.split([',', ' ']).filter(|word| !word.is_empty()).map(find).collect()
            }
            Some(Value::Array(values)) => {
                values.iter().map(|value| find(value.as_str().ok_or_else(|| wrong(name))?)).collect()
            }
            Some(Value::Bool(_) | Value::Number(_) | Value::Object(_) | Value::Null) => Err(wrong(name)),
        }
    }

    /// One word known to `find`.
    fn word<T>(&self, name: &str, find: impl Fn(&str) -> Option<T>) -> Result<Option<T>, ServiceError> {
        let unknown = || ServiceError::Invalid(format!("{name} does not have a valid value"));
        self.filled_text(name)?.map(|word| find(&word).ok_or_else(unknown)).transpose()
    }

    /// `private`, `internal` or `public`.
    pub(super) fn visibility(&self, name: &str) -> Result<Option<Visibility>, ServiceError> {
        self.word(name, Visibility::from_name)
    }

    /// A level of registry access.
    pub(super) fn registry_access(&self, name: &str) -> Result<Option<RegistryAccess>, ServiceError> {
        self.word(name, RegistryAccess::from_name)
    }

    /// GitLab's `access_level`.
    pub(super) fn role(&self, name: &str) -> Result<Role, ServiceError> {
        self.require(&[name])?;
        let unknown = || ServiceError::Invalid(format!("{name} does not have a valid value"));
        self.number(name)?.and_then(Role::from_level).ok_or_else(unknown)
    }

    /// A day; nothing when it is empty.
    pub(super) fn date(&self, name: &str) -> Result<Option<Date>, ServiceError> {
        self.filled_text(name)?.map(|text| date(&text).ok_or_else(|| wrong(name))).transpose()
    }

    /// A day, nothing to keep what is there, empty or null for no end.
    pub(super) fn end(&self, name: &str) -> Result<End, ServiceError> {
        match self.0.get(name) {
            None => Ok(End::Keep),
            Some(_) => Ok(self.date(name)?.map_or(End::Never, End::On)),
        }
    }

    /// A moment: a day, which begins at 00:00 UTC, or a full time.
    pub(super) fn moment(&self, name: &str) -> Result<Option<Timestamp>, ServiceError> {
        let parse = |text: String| {
            let full = if date(&text).is_some() { format!("{text}T00:00:00Z") } else { text };
            full.parse::<Timestamp>().map_err(|_not_a_time| wrong(name))
        };
        self.filled_text(name)?.map(parse).transpose()
    }
}

/// GitLab's ways to write yes and no.
pub(super) fn boolean(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "t" | "yes" | "on" | "1" => Some(true),
        "false" | "f" | "no" | "off" | "0" => Some(false),
        _ => None,
    }
}

/// `YYYY-MM-DD` and nothing looser.
fn date(text: &str) -> Option<Date> {
    text.parse::<Date>().ok().filter(|date| date.to_string() == text)
}

fn invalid(problem: &str) -> ServiceError {
    ServiceError::Invalid(problem.to_owned())
}

fn wrong(name: &str) -> ServiceError {
    ServiceError::Invalid(format!("{name} is invalid"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(body: &str) -> Fields {
        Fields::parse("", Some("application/json; charset=utf-8"), body.as_bytes()).unwrap()
    }

    fn form(body: &str) -> Fields {
        Fields::parse("", Some("application/x-www-form-urlencoded"), body.as_bytes()).unwrap()
    }

    #[test]
    fn json_and_forms_say_the_same() {
        for fields in [
            json(r#"{"name":"a b","on":true,"level":30,"scopes":["x","y"],"end":"2026-03-01","odd":{}}"#),
            form("name=a+b&on=true&level=30&scopes[]=x&scopes[]=y&end=2026-03-01&odd=1"),
            form("name=a%20b&on=1&level=30&scopes=x,y&end=2026-03-01"),
        ] {
            assert_eq!(fields.text("name").unwrap().as_deref(), Some("a b"));
            assert_eq!(fields.boolean("on").unwrap(), Some(true));
            assert_eq!(fields.role("level").unwrap(), Role::Developer);
            let words = fields.words("scopes", |word| Some(word.to_owned())).unwrap();
            assert_eq!(words, ["x", "y"]);
            assert_eq!(fields.date("end").unwrap().unwrap().to_string(), "2026-03-01");
            assert_eq!(fields.text("absent").unwrap(), None);
        }
    }

    #[test]
    fn the_body_wins_over_the_query() {
        let fields = Fields::parse("name=query&other=query", None, br#"{"name":"body"}"#).unwrap();
        assert_eq!(fields.text("name").unwrap().as_deref(), Some("body"));
        assert_eq!(fields.text("other").unwrap().as_deref(), Some("query"));
    }

    #[test]
    fn wrong_types_are_named() {
        let fields = json(
            r#"{"text":{},"flag":"maybe","number":-1,"words":[1],"unknown":["z"],"day":"2026-3-1","long":"2026-03-01T00:00"}"#,
        );
        let texts = [
            fields.text("text").map(drop),
            fields.boolean("flag").map(drop),
            fields.number("number").map(drop),
            fields.words("words", |_| Some(())).map(drop),
            fields.words("unknown", |_| None::<()>).map(drop),
            fields.visibility("flag").map(drop),
            fields.date("day").map(drop),
            fields.date("long").map(drop),
            fields.require(&["text", "a", "b"]),
        ]
        .map(|outcome| outcome.unwrap_err().to_string());
        assert_eq!(
            texts,
            [
                "text is invalid",
                "flag is invalid",
                "number is invalid",
                "words is invalid",
                "unknown does not have a valid value",
                "flag does not have a valid value",
                "day is invalid",
                "long is invalid",
                "a is missing, b is missing",
            ]
        );
    }

    #[test]
    fn an_end_is_kept_taken_away_or_set() {
        assert_eq!(json("{}").end("expires_at").unwrap(), End::Keep);
        assert_eq!(json(r#"{"expires_at":null}"#).end("expires_at").unwrap(), End::Never);
        assert_eq!(form("expires_at=").end("expires_at").unwrap(), End::Never);
        assert!(matches!(form("expires_at=2026-03-01").end("expires_at").unwrap(), End::On(_)));
        let moment = |text: &str| form(&format!("at={text}")).moment("at").unwrap().unwrap().to_string();
        assert_eq!(moment("2026-03-01"), "2026-03-01T00:00:00Z");
        assert_eq!(moment("2026-03-01T10:00:00%2B02:00"), "2026-03-01T08:00:00Z");
    }

    #[test]
    fn bodies_that_are_no_parameters_are_refused() {
        for (media_type, body) in [
            (Some("application/json"), "[]"),
            (Some("application/json"), "{"),
            (Some("application/json"), "{} {}"),
            (None, "name=x"),
            (Some("text/plain"), "{}"),
            (Some("application/json"), &"[".repeat(10_000)),
        ] {
            let outcome = Fields::parse("", media_type, body.as_bytes());
            assert!(matches!(outcome, Err(ServiceError::Invalid(_))), "{media_type:?} {body:.20}");
        }
        assert!(Fields::parse("", Some("text/plain"), b"").is_ok(), "nothing has no type");
    }
}
