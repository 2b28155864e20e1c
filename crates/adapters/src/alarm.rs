//! What a person has to look at. Each alarm is a line of JSON in a file that a monitoring program follows, and a line of the log.
//! It names files, lines, references and codes, and nothing of what stands there.

use std::{fs::OpenOptions, io::Write as _, path::PathBuf, sync::Mutex};

use jiff::Timestamp;
use serde::Serialize;

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $text:literal, $sentence:literal;)*) => {
        /// Why a person is asked.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code { $($(#[$doc])* $name,)* }

        impl Code {
            /// As it stands in the file.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            /// What it means, and what to do.
            pub fn sentence(self) -> &'static str {
                match self { $(Self::$name => $sentence,)* }
            }
        }
    };
}

codes! {
    /// No pattern of a prison fits the name.
    UnknownFile = "UNKNOWN_FILE", "No prison's pattern fits the name of this file. It stays where it is.";
    /// The same bytes again.
    Duplicate = "DUPLICATE_FILE", "This list has the same bytes as an earlier one. It says nothing new: look whether the export stands still.";
    /// Older than what was read.
    OutOfOrder = "OUT_OF_ORDER", "A newer list of this prison was read before. This one was held and says nothing.";
    /// Cannot be read as what it should be.
    Garbled = "GARBLED", "The file cannot be read as a list: see the place. It was held and says nothing; deliver it again.";
    /// Fewer or more rows than it says, or no end.
    Truncated = "TRUNCATED", "The file ends too early, or its number of rows is another than it says. It was held and says nothing; deliver it again.";
    /// No rows.
    Empty = "EMPTY_LIST", "The list has no rows. Nobody is reported as released. If it is right, move the file to the folder `accepted`.";
    /// Too many are missing.
    TooManyGone = "TOO_MANY_GONE", "More people are missing from the list than the guard allows. If it is right, move the file to the folder `accepted`.";
    /// Too many identities changed.
    TooManyCorrected = "TOO_MANY_CORRECTED", "More identities differ from the last list than the guard allows. If it is right, move the file to the folder `accepted`.";
    /// Too many rows cannot be read.
    TooManyBadRows = "TOO_MANY_BAD_ROWS", "More rows cannot be read than the guard allows. The file was held and says nothing; look at the columns.";
    /// One row cannot be read.
    BadRow = "BAD_ROW", "This row cannot be read: see the place. The others were. Nothing is said about this person until it can.";
    /// A message of a system cannot be read.
    BadRecord = "BAD_RECORD", "The messages in this file cannot be sent: see the place. None of them was; put it right and deliver it again.";
    /// Two rows of one list contradict each other.
    TwoRows = "TWO_ROWS", "Two different rows of the list have this reference. Nothing is said about this person until there is one.";
    /// On the lists of two prisons.
    InTwoPrisons = "IN_TWO_PRISONS", "Two prisons list this person. No transfer is reported until one of them does not.";
    /// Missing, and nothing says why.
    GoneUnexplained = "GONE_UNEXPLAINED", "This person is missing from the lists of the prison, and no departure, date or other prison explains it. Nothing was reported.";
    /// Listed again after having left for good.
    BackAfterTheEnd = "BACK_AFTER_THE_END", "This person is listed again after the end was reported. Nothing was reported; correct by hand.";
    /// Listed again after having left the building.
    BackInside = "BACK_INSIDE", "This person is listed again after having left the building; no event says that. Look whether the leave was withdrawn.";
    /// Our own message does not fit.
    NotAMessage = "NOT_A_MESSAGE", "What the list says makes no valid message: see the place. Nothing of the list was reported; look at the columns.";
    /// The hub rejected a message.
    Rejected = "MESSAGE_REJECTED", "The hub rejected this message: see code and place. It is kept, and offered again when the adapter starts.";
    /// No receipt for long.
    NoReceipt = "NO_RECEIPT", "The hub has not answered this message for long. It is offered again.";
    /// A message for us cannot be handed on.
    NotHandedOn = "NOT_HANDED_ON", "A message from the hub cannot be handed on to the system here. It stays with the hub until it can.";
    /// The system here refuses it for good.
    NeverHandedOn = "NEVER_HANDED_ON", "The system here refuses this message for good: see the detail. It was not confirmed to the hub; hand it on by hand.";
    /// Numbers under which nothing came.
    MissingNumbers = "MISSING_NUMBERS", "The hub gave this participant messages with these numbers, and none of them arrived here. Ask the hub's administrator for these numbers: what they say may have to be acted on.";
    /// Nobody fetches.
    NotFetched = "NOT_FETCHED", "A message lies ready and nobody has fetched it for a day. Look whether the system that fetches is running.";
    /// A callback fails.
    CallbackFails = "CALLBACK_FAILS", "The callback of a subscription fails: see the detail. It is tried again, with growing pauses; messages wait and can be fetched.";
    /// A callback refuses a notification for good.
    CallbackRefuses = "CALLBACK_REFUSES", "The callback of a subscription refuses a notification for good: see the detail. The message can be fetched; the next ones go on.";
    /// A callback is gone.
    CallbackGone = "CALLBACK_GONE", "The callback of a subscription answers that it is gone (410). The subscription has ended; messages can be fetched.";
    /// Messages were forgotten before a subscriber could be told.
    NotNotified = "NOT_NOTIFIED", "The callback of a subscription failed for longer than messages are kept: it was not told of some. Look what the system has missed.";
    /// A message for us is no event of the hub.
    Unreadable = "UNREADABLE_MESSAGE", "A message in the inbox is no event of the hub. It was set aside.";
}

/// One alarm.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Alarm {
    /// When.
    pub at: Timestamp,
    /// Why.
    pub code: &'static str,
    /// Where: a file with a line, a message id, a detention reference, or a participant with numbers.
    pub place: String,
    /// What was expected there, if that says more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// What it means and what to do.
    pub sentence: &'static str,
}

/// Where alarms go.
#[derive(Debug)]
pub struct Alarms {
    file: PathBuf,
    /// One line at a time.
    writing: Mutex<()>,
}

impl Alarms {
    /// Alarms that are added to the end of `file`.
    pub fn new(file: PathBuf) -> Self {
        Self { file, writing: Mutex::new(()) }
    }

    /// Raises one. An alarm that cannot be written is still in the log.
    pub fn raise(&self, at: Timestamp, code: Code, place: impl Into<String>, detail: Option<String>) {
        let alarm = Alarm { at, code: code.as_str(), place: place.into(), detail, sentence: code.sentence() };
        tracing::warn!(code = code.as_str(), place = %alarm.place, detail = alarm.detail.as_deref(), "{}", alarm.sentence);
        if let Err(error) = self.write(&alarm) {
            tracing::error!(file = %self.file.display(), %error, "the file of alarms cannot be written");
        }
    }

    fn write(&self, alarm: &Alarm) -> std::io::Result<()> {
        let mut line = serde_json::to_vec(alarm)?;
        line.push(b'\n');
        let _one = self.writing.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        OpenOptions::new().create(true).append(true).open(&self.file)?.write_all(&line)
    }
}
