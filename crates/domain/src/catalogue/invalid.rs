//! From a validator's error to a rejection that repeats nothing of the payload.

use jsonschema::{ValidationError, error::ValidationErrorKind as Kind};

use crate::{
    codes::{Rejection, RejectionCode},
    json::escape,
};

/// The rejection for one place that does not fit.
pub(super) fn rejection(error: &ValidationError<'_>) -> Rejection {
    let mut pointer = format!("/data{}", error.instance_path().as_str());
    let detail = match error.kind() {
        Kind::Required { property } => {
            let name = property.as_str().unwrap_or_default();
            pointer = format!("{pointer}/{}", escape(name));
            "required here".to_owned()
        }
        // the unknown name is the sender's own text: it may be content
        Kind::AdditionalProperties { .. } | Kind::UnevaluatedProperties { .. } => "only the fields of the schema".to_owned(),
        Kind::Format { format } => format!("a value of the format {format}"),
        Kind::Type { .. } => "another JSON type".to_owned(),
        Kind::Enum { .. } | Kind::Constant { .. } => "one of the values of the schema".to_owned(),
        Kind::MaxLength { limit } => format!("at most {limit} characters"),
        Kind::MinLength { limit } => format!("at least {limit} characters"),
        Kind::MaxItems { limit } => format!("at most {limit} items"),
        Kind::MinItems { limit } => format!("at least {limit} items"),
        Kind::MinProperties { limit } => format!("at least {limit} fields"),
        Kind::Pattern { .. } => "the pattern of the schema".to_owned(),
        _ => "what the schema of this event asks".to_owned(),
    };
    Rejection::new(RejectionCode::SchemaInvalid, pointer, detail)
}
