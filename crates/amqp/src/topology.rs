//! The topology of the broker, as data: what `declare` makes is what a check compares.
//!
//! ```text
//! schakelpunt.in (topic) --#--> schakelpunt.intake (hash on partitionkey) --> schakelpunt.intake.<n>
//!          |                              | alternate: schakelpunt.unrouted --> schakelpunt.unrouted
//!          `--*.consent-withdrawn, *.message-withdrawn, *.deceased--> schakelpunt.stop
//! schakelpunt.out (direct) --<participant>--> inbox.<participant>
//! dead letters of the intake: schakelpunt.dead --> schakelpunt.dead
//! inboxes that nobody reads in time: schakelpunt.not-collected --> schakelpunt.not-collected
//! ```
//!
//! A stop message arrives twice, through the intake and through the stop queue; the hub knows it by source and id.
//! `schakelpunt.not-collected` holds delivered events, so it forgets them too; the hub does not read it.

use lapin::{
    ExchangeKind,
    options::{ExchangeBindOptions, ExchangeDeclareOptions, QueueBindOptions, QueueDeclareOptions},
    types::{AMQPValue, FieldTable},
};
use schakelpunt_domain::ParticipantId;

use crate::{Connection, Error, connection::answered, message::short};

/// The exchange that participants publish to.
pub const IN: &str = "schakelpunt.in";
/// The hash exchange, and the prefix of its queues.
pub const INTAKE: &str = "schakelpunt.intake";
/// The queue that is read first.
pub const STOP: &str = "schakelpunt.stop";
/// Exchange and queue of what the broker gave up.
pub const DEAD: &str = "schakelpunt.dead";
/// Exchange and queue of what no binding took.
pub const UNROUTED: &str = "schakelpunt.unrouted";
/// The exchange to the inboxes.
pub const OUT: &str = "schakelpunt.out";
/// Exchange and queue of what lay in an inbox too long.
pub const NOT_COLLECTED: &str = "schakelpunt.not-collected";
/// The events that go to the stop queue too.
pub const STOP_EVENTS: [&str; 3] = ["consent-withdrawn", "message-withdrawn", "deceased"];
/// The header that spreads the load.
pub const PARTITION_KEY: &str = "partitionkey";

/// Never unset and never -1: they mean opposite things on 3.10 and 4.x. The hub decides what is poison.
pub const DELIVERY_LIMIT: i64 = 1_000_000;
const DAY: i64 = 24 * 60 * 60 * 1000;

/// What may differ between installations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Topology {
    /// Number of intake queues.
    pub intake_queues: u16,
    /// Most messages in an intake or inbox queue; beyond it the broker refuses the publisher.
    pub max_length: i64,
    /// How long a message waits in an inbox, in milliseconds.
    pub inbox_ttl: i64,
    /// How long dead, unrouted and not collected messages stay, in milliseconds.
    pub rest_ttl: i64,
}

impl Default for Topology {
    fn default() -> Self {
        Self { intake_queues: 4, max_length: 1_000_000, inbox_ttl: 7 * DAY, rest_ttl: 14 * DAY }
    }
}

/// An argument of a queue or exchange.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Argument {
    /// Text.
    Text(&'static str),
    /// A number.
    Number(i64),
    /// Yes or no.
    Flag(bool),
}

/// Arguments by name.
pub type Arguments = Vec<(&'static str, Argument)>;

/// An exchange.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExchangeSpec {
    /// Its name.
    pub name: &'static str,
    /// Its type.
    pub kind: &'static str,
    /// Whether only other exchanges may publish to it.
    pub internal: bool,
    /// Its arguments.
    pub arguments: Arguments,
}

/// A queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueSpec {
    /// Its name.
    pub name: String,
    /// Its arguments.
    pub arguments: Arguments,
}

/// A binding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BindingSpec {
    /// The exchange it comes from.
    pub source: &'static str,
    /// The exchange or queue it goes to.
    pub destination: String,
    /// Whether that is a queue.
    pub to_queue: bool,
    /// The key.
    pub key: String,
}

/// Everything to declare, in this order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Definitions {
    /// The exchanges.
    pub exchanges: Vec<ExchangeSpec>,
    /// The queues.
    pub queues: Vec<QueueSpec>,
    /// The bindings.
    pub bindings: Vec<BindingSpec>,
}

/// The intake queue number `n`.
pub fn intake_queue(n: u16) -> String {
    format!("{INTAKE}.{n}")
}

/// The inbox of a participant.
pub fn inbox(participant: &ParticipantId) -> String {
    format!("inbox.{participant}")
}

impl Topology {
    /// What every hub needs.
    pub fn definitions(&self) -> Definitions {
        let alternate = || ("alternate-exchange", Argument::Text(UNROUTED));
        let exchange = |name, kind, internal, arguments| ExchangeSpec { name, kind, internal, arguments };
        let exchanges = vec![
            exchange(UNROUTED, "fanout", true, vec![]),
            exchange(DEAD, "fanout", true, vec![]),
            exchange(NOT_COLLECTED, "fanout", true, vec![]),
            exchange(IN, "topic", false, vec![alternate()]),
            exchange(INTAKE, "x-consistent-hash", true, vec![("hash-header", Argument::Text(PARTITION_KEY)), alternate()]),
            exchange(OUT, "direct", false, vec![]),
        ];
        let intakes = || (0..self.intake_queues).map(intake_queue);
        let mut queues: Vec<QueueSpec> =
            [DEAD, UNROUTED, NOT_COLLECTED].map(|name| QueueSpec { name: name.to_owned(), arguments: self.rest() }).into();
        let readers = std::iter::once(STOP.to_owned()).chain(intakes());
        queues.extend(readers.map(|name| QueueSpec { name, arguments: self.intake() }));

        let to_queue = |source, destination: String, key: &str| BindingSpec { source, destination, to_queue: true, key: key.to_owned() };
        let mut bindings: Vec<BindingSpec> = [DEAD, UNROUTED, NOT_COLLECTED].map(|name| to_queue(name, name.to_owned(), "")).into();
        bindings.push(BindingSpec { source: IN, destination: INTAKE.to_owned(), to_queue: false, key: "#".to_owned() });
        // on a hash exchange the key is the queue's weight
        bindings.extend(intakes().map(|queue| to_queue(INTAKE, queue, "1")));
        bindings.extend(STOP_EVENTS.map(|event| to_queue(IN, STOP.to_owned(), &format!("*.{event}"))));
        Definitions { exchanges, queues, bindings }
    }

    /// What one participant needs.
    pub fn inbox_definitions(&self, participant: &ParticipantId) -> Definitions {
        let mut arguments = guarded(NOT_COLLECTED, self.max_length);
        arguments.push(("x-message-ttl", Argument::Number(self.inbox_ttl)));
        let queue = QueueSpec { name: inbox(participant), arguments };
        let binding = BindingSpec { source: OUT, destination: inbox(participant), to_queue: true, key: participant.to_string() };
        Definitions { exchanges: vec![], queues: vec![queue], bindings: vec![binding] }
    }

    fn intake(&self) -> Arguments {
        let mut arguments = guarded(DEAD, self.max_length);
        arguments.push(("x-single-active-consumer", Argument::Flag(true)));
        arguments
    }

    fn rest(&self) -> Arguments {
        vec![
            ("x-queue-type", Argument::Text("quorum")),
            ("x-delivery-limit", Argument::Number(DELIVERY_LIMIT)),
            ("x-message-ttl", Argument::Number(self.rest_ttl)),
            ("x-single-active-consumer", Argument::Flag(true)),
        ]
    }
}

/// Dead letters go nowhere unless all of these stand together.
fn guarded(dead_letters: &'static str, max_length: i64) -> Arguments {
    vec![
        ("x-queue-type", Argument::Text("quorum")),
        ("x-delivery-limit", Argument::Number(DELIVERY_LIMIT)),
        ("x-dead-letter-exchange", Argument::Text(dead_letters)),
        ("x-dead-letter-strategy", Argument::Text("at-least-once")),
        ("x-overflow", Argument::Text("reject-publish")),
        ("x-max-length", Argument::Number(max_length)),
    ]
}

impl Definitions {
    /// Declares all of it. Repeating it changes nothing; a queue with other arguments is refused with code 406.
    pub async fn declare(&self, connection: &Connection) -> Result<(), Error> {
        let channel = connection.channel().await?;
        for ExchangeSpec { name, kind, internal, arguments } in &self.exchanges {
            let options = ExchangeDeclareOptions { durable: true, internal: *internal, ..ExchangeDeclareOptions::default() };
            let kind = ExchangeKind::Custom((*kind).to_owned());
            answered(channel.exchange_declare(short(name, "exchange")?, kind, options, table(arguments)?)).await?;
        }
        for QueueSpec { name, arguments } in &self.queues {
            let options = QueueDeclareOptions { durable: true, ..QueueDeclareOptions::default() };
            answered(channel.queue_declare(short(name, "queue name")?, options, table(arguments)?)).await?;
        }
        for BindingSpec { source, destination, to_queue, key } in &self.bindings {
            let (source, key, destination) = (short(source, "exchange")?, short(key, "key")?, short(destination, "name")?);
            if *to_queue {
                let bind = channel.queue_bind(destination, source, key, QueueBindOptions::default(), FieldTable::default());
                answered(bind).await?;
            } else {
                let bind = channel.exchange_bind(destination, source, key, ExchangeBindOptions::default(), FieldTable::default());
                answered(bind).await?;
            }
        }
        answered(channel.close(200, "done".into())).await
    }
}

fn table(arguments: &Arguments) -> Result<FieldTable, Error> {
    let mut table = FieldTable::default();
    for (name, value) in arguments {
        let value = match value {
            Argument::Text(text) => AMQPValue::LongString((*text).into()),
            Argument::Number(number) => AMQPValue::LongLongInt(*number),
            Argument::Flag(flag) => AMQPValue::Boolean(*flag),
        };
        table.insert(short(name, "an argument's name")?, value);
    }
    Ok(table)
}
