//! One operation of the API as data: what it takes and what it answers. How it refuses follows from its endpoint.

use hyper::{Method, StatusCode};
use serde_json::{Value, json};

use super::refusals::Reason;
use super::schema::{Field, array, default, described, object, reference, string};
use crate::domain::limits::{DEFAULT_PER_PAGE, MAX_PER_PAGE};

/// Operations that belong together, with the shapes only they use.
pub(super) struct Area {
    /// The tag of its operations.
    pub(super) tag: &'static str,
    /// What a reader finds here.
    pub(super) description: &'static str,
    /// What can be done.
    pub(super) operations: Vec<Operation>,
    /// Schemas by name, for references of any area.
    pub(super) schemas: Vec<(&'static str, Value)>,
}

/// A method of an endpoint.
pub(super) struct Operation {
    /// The method.
    pub(super) method: Method,
    /// The path with its variable parts named, as in [`crate::http::endpoint::Endpoint::pattern`], from the root.
    pub(super) path: &'static str,
    /// `operationId`: unique, and the name of the function in generated clients.
    pub(super) id: &'static str,
    /// One line.
    pub(super) summary: &'static str,
    /// More, where one line is not enough.
    pub(super) description: &'static str,
    /// Parameters in the query and the headers. Those of the path are known from [`Self::path`].
    pub(super) parameters: Vec<Parameter>,
    /// What is to be sent.
    pub(super) body: Body,
    /// What success looks like.
    pub(super) answers: Vec<Answer>,
    /// Reasons to refuse besides those that follow from the endpoint.
    pub(super) refuses: Vec<Reason>,
}

/// A parameter of the query or a header.
#[derive(Clone)]
pub(super) struct Parameter {
    /// Its name.
    pub(super) name: &'static str,
    /// `query` or `header`.
    pub(super) place: &'static str,
    /// Its type, with its description.
    pub(super) schema: Value,
    /// Whether nothing is answered without it.
    pub(super) required: bool,
    /// Whether the values of a list stand in one parameter, with commas between them.
    pub(super) commas: bool,
}

/// The body of a request.
pub(super) enum Body {
    /// None.
    Absent,
    /// Named values, as JSON or as a form.
    Fields(Vec<Field>),
    /// A module archive: raw, or as the field `file` of a form.
    Archive,
}

/// A successful answer.
pub(super) struct Answer {
    /// Its status.
    pub(super) status: StatusCode,
    /// What it means.
    pub(super) description: &'static str,
    /// Media type and schema of its body; nothing when it has none.
    pub(super) content: Option<(&'static str, Value)>,
    /// Headers it carries for its reader: name and meaning.
    pub(super) headers: &'static [(&'static str, &'static str)],
}

/// `GET`.
pub(super) fn get(path: &'static str, id: &'static str, summary: &'static str) -> Operation {
    operation(Method::GET, path, id, summary)
}

/// `POST`.
pub(super) fn post(path: &'static str, id: &'static str, summary: &'static str) -> Operation {
    operation(Method::POST, path, id, summary)
}

/// `PUT`.
pub(super) fn put(path: &'static str, id: &'static str, summary: &'static str) -> Operation {
    operation(Method::PUT, path, id, summary)
}

/// `DELETE`.
pub(super) fn delete(path: &'static str, id: &'static str, summary: &'static str) -> Operation {
    operation(Method::DELETE, path, id, summary)
}

fn operation(method: Method, path: &'static str, id: &'static str, summary: &'static str) -> Operation {
    Operation {
        method,
        path,
        id,
        summary,
        description: "",
        parameters: Vec::new(),
        body: Body::Absent,
        answers: Vec::new(),
        refuses: Vec::new(),
    }
}

impl Parameter {
    /// A parameter of the query that may be left out.
    pub(super) fn query(name: &'static str, schema: Value, text: &str) -> Self {
        Self { name, place: "query", schema: described(schema, text), required: false, commas: false }
    }

    /// A header that may be left out.
    fn header(name: &'static str, text: &str) -> Self {
        Self { place: "header", ..Self::query(name, string(), text) }
    }

    /// The same as a list with commas.
    pub(super) fn list(name: &'static str, items: Value, text: &str) -> Self {
        Self { commas: true, ..Self::query(name, array(items), text) }
    }

    /// The same, not to be left out.
    pub(super) fn required(self) -> Self {
        Self { required: true, ..self }
    }
}

impl Operation {
    /// Says more.
    pub(super) fn describe(mut self, text: &'static str) -> Self {
        self.description = text;
        self
    }

    /// Takes a parameter of the query.
    pub(super) fn query(mut self, name: &'static str, schema: Value, text: &str) -> Self {
        self.parameters.push(Parameter::query(name, schema, text));
        self
    }

    /// Takes a header.
    pub(super) fn header(mut self, name: &'static str, text: &str) -> Self {
        self.parameters.push(Parameter::header(name, text));
        self
    }

    /// Takes parameters that several operations share.
    pub(super) fn shared(mut self, parameters: Vec<Parameter>) -> Self {
        self.parameters.extend(parameters);
        self
    }

    /// Takes named values.
    pub(super) fn body(mut self, fields: Vec<Field>) -> Self {
        self.body = Body::Fields(fields);
        self
    }

    /// Takes a module archive.
    pub(super) fn archive(mut self) -> Self {
        self.body = Body::Archive;
        self
    }

    /// Answers 200 with JSON.
    pub(super) fn shows(self, schema: Value) -> Self {
        self.json(StatusCode::OK, "Here it is.", schema)
    }

    /// Answers 201 with JSON.
    pub(super) fn creates(self, schema: Value) -> Self {
        self.json(StatusCode::CREATED, "Done.", schema)
    }

    /// Answers 200 with one page of a list.
    pub(super) fn lists(self, schema: Value) -> Self {
        let number = json!({ "type": "integer", "minimum": 1 });
        let size = json!({ "type": "integer", "minimum": 1, "maximum": MAX_PER_PAGE });
        self.query("page", default(number, 1), "Which page")
            .query("per_page", default(size, DEFAULT_PER_PAGE), "Rows of a page; more are cut")
            .json(StatusCode::OK, "One page of the list.", array(schema))
            .headers(PAGE_HEADERS)
    }

    /// Answers 204.
    pub(super) fn empties(self) -> Self {
        self.answer(StatusCode::NO_CONTENT, "Done.", None)
    }

    /// Answers with the bytes of an archive, or with a part of them.
    pub(super) fn sends_archive(mut self) -> Self {
        for (name, text) in [
            ("Range", "One range of bytes (RFC 9110, 14.2); several are answered with the whole."),
            ("If-None-Match", "Entity tags the client has (RFC 9110, 13.1.2)."),
        ] {
            self.parameters.push(Parameter::header(name, text));
        }
        let bytes = || Some(("application/octet-stream", json!({})));
        self.answer(StatusCode::OK, "The archive.", bytes())
            .headers(ARCHIVE_HEADERS)
            .answer(StatusCode::PARTIAL_CONTENT, "The wanted part of the archive.", bytes())
            .headers(ARCHIVE_HEADERS)
            .answer(StatusCode::NOT_MODIFIED, "The client has the archive.", None)
            .answer(StatusCode::RANGE_NOT_SATISFIABLE, "The range lies outside of the archive.", None)
    }

    /// Answers with JSON.
    pub(super) fn json(self, status: StatusCode, description: &'static str, schema: Value) -> Self {
        self.answer(status, description, Some(("application/json", schema)))
    }

    /// Answers in one more way.
    pub(super) fn answer(
        mut self,
        status: StatusCode,
        description: &'static str,
        content: Option<(&'static str, Value)>,
    ) -> Self {
        self.answers.push(Answer { status, description, content, headers: &[] });
        self
    }

    /// The headers of the answer before.
    pub(super) fn headers(mut self, headers: &'static [(&'static str, &'static str)]) -> Self {
        if let Some(last) = self.answers.last_mut() {
            last.headers = headers;
        }
        self
    }

    /// May refuse for one more reason.
    pub(super) fn refuses(mut self, reason: Reason) -> Self {
        self.refuses.push(reason);
        self
    }

    /// The name of the schema of its body.
    pub(super) fn body_name(&self) -> String {
        format!("{}Body", self.id)
    }

    /// The schema of its body, when that has a name.
    pub(super) fn body_schema(&self) -> Option<Value> {
        match &self.body {
            Body::Fields(fields) => Some(object(fields.clone())),
            Body::Absent | Body::Archive => None,
        }
    }

    /// Its body as a Request Body Object.
    pub(super) fn body_json(&self) -> Option<Value> {
        let bytes = json!({ "type": "string", "contentMediaType": "application/octet-stream" });
        let file = json!({ "type": "object", "properties": { "file": bytes }, "required": ["file"] });
        match &self.body {
            Body::Absent => None,
            Body::Archive => Some(json!({
                "required": true,
                "content": {
                    "application/octet-stream": { "schema": {} },
                    "multipart/form-data": {
                        "schema": file,
                        "encoding": { "file": { "contentType": "application/octet-stream" } },
                    },
                },
            })),
            Body::Fields(fields) => {
                let schema = json!({ "schema": reference(&self.body_name()) });
                Some(json!({
                    "required": fields.iter().any(|field| field.required),
                    "content": {
                        "application/json": schema,
                        "application/x-www-form-urlencoded": schema,
                    },
                }))
            }
        }
    }
}

const PAGE_HEADERS: &[(&str, &str)] = &[
    ("X-Page", "This page."),
    ("X-Per-Page", "Rows of a page."),
    ("X-Total", "Rows of the whole list."),
    ("X-Total-Pages", "Pages of the whole list."),
    ("X-Next-Page", "The next page, or nothing."),
    ("X-Prev-Page", "The page before, or nothing."),
    ("Link", "URLs of the pages around (RFC 8288)."),
];

const ARCHIVE_HEADERS: &[(&str, &str)] =
    &[("ETag", "The SHA-256 of the archive, quoted."), ("Content-Length", "Bytes that follow.")];
