//! `jq` expressions in configuration files, compiled once (jaq). An expression sees one row as JSON and says one value.

use jaq_core::{
    Compiler, Ctx, Vars, data,
    load::{Arena, File, Loader},
    unwrap_valr,
};
use jaq_json::Val;
use serde_json::Value;

/// Longest expression in bytes.
pub const LENGTH_MAX: usize = 4096;

type Filter = jaq_core::compile::Filter<jaq_core::Native<data::JustLut<Val>>>;

/// A compiled expression.
pub struct Expression {
    text: String,
    filter: Filter,
}

impl std::fmt::Debug for Expression {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Expression({:?})", self.text)
    }
}

/// Why there is no value. Never shows the row.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoValue {
    /// The text is no expression.
    #[error("not a jq expression of at most 4096 bytes")]
    NotAnExpression,
    /// It fails on this row.
    #[error("the expression fails on this row")]
    Fails,
    /// It says something that is no JSON.
    #[error("the expression says no JSON value")]
    NoJson,
}

impl Expression {
    /// Compiles an expression. It sees its row and nothing else: no clock, no environment, and nothing goes to the log.
    pub fn new(text: &str) -> Result<Self, NoValue> {
        if text.len() > LENGTH_MAX {
            return Err(NoValue::NotAnExpression);
        }
        let definitions = jaq_core::defs().chain(jaq_std::defs()).chain(jaq_json::defs()).filter(|definition| !is_impure(definition.name));
        let functions = jaq_core::funs().chain(jaq_std::funs()).chain(jaq_json::funs()).filter(|(name, ..)| !is_impure(name));
        let arena = Arena::default();
        let modules = Loader::new(definitions).load(&arena, File { code: text, path: () }).map_err(|_| NoValue::NotAnExpression)?;
        let filter = Compiler::default().with_funs(functions).compile(modules).map_err(|_| NoValue::NotAnExpression)?;
        Ok(Self { text: text.to_owned(), filter })
    }

    /// The first value that it says of a row; `null` if it says none.
    pub fn of(&self, row: &Value) -> Result<Value, NoValue> {
        let input: Val = serde_json::from_value(row.clone()).map_err(|_| NoValue::NoJson)?;
        let context = Ctx::<data::JustLut<Val>>::new(&self.filter.lut, Vars::new([]));
        match self.filter.id.run((context, input)).map(unwrap_valr).next() {
            None => Ok(Value::Null),
            Some(Ok(value)) => serde_json::from_str(&value.to_string()).map_err(|_| NoValue::NoJson),
            Some(Err(_)) => Err(NoValue::Fails),
        }
    }
}

/// What reaches beyond the row.
fn is_impure(name: &str) -> bool {
    ["env", "now", "halt", "halt_error", "debug", "debug_empty", "stderr", "stderr_empty"].contains(&name)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn say(text: &str, row: &Value) -> Result<Value, NoValue> {
        Expression::new(text)?.of(row)
    }

    #[test]
    fn an_expression_says_one_value_of_a_row() {
        let row = json!({ "SOORT": "VI", "GEM": "193", "LEEG": "" });
        assert_eq!(say(r#"{"VI":"CONDITIONAL_RELEASE"}[.SOORT]"#, &row), Ok(json!("CONDITIONAL_RELEASE")));
        assert_eq!(say(r#""000" + .GEM | .[-4:]"#, &row), Ok(json!("0193")));
        assert_eq!(say(".LEEG | select(. != \"\")", &row), Ok(Value::Null));
        assert_eq!(
            say(r#"[{source: "BRP_AT_START", municipality: .GEM}]"#, &row),
            Ok(json!([{ "source": "BRP_AT_START", "municipality": "193" }]))
        );
    }

    #[test]
    fn what_is_wrong_shows_nothing_of_the_row() {
        assert_eq!(say(".SOORT |", &json!({})), Err(NoValue::NotAnExpression));
        assert_eq!(say(".SOORT + 1", &json!({ "SOORT": "Jansen" })), Err(NoValue::Fails));
        for reaching in ["env", "now", "debug", "stderr", "input", "halt", "$ENV", "unknown_function"] {
            assert_eq!(say(reaching, &json!({})), Err(NoValue::NotAnExpression), "{reaching}");
        }
    }
}
