//! A text file as it was read: rule files and schemas are kept in this form, so that what was applied can be read again.

/// One file: its name for messages, and its text.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct SourceFile {
    /// The name.
    pub name: String,
    /// The text.
    pub text: String,
}
