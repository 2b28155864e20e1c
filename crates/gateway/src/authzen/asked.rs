//! One question: reads its parts, says whether this caller may ask it, and asks the core.

use jiff::Timestamp;
use schakelpunt_domain::{MessageId, ParticipantId, Source};
use schakelpunt_engine::{
    explain::{By, NoAnswer, Why},
    hub::answer_with,
};
use schakelpunt_review::MadeUp;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Map, Value, json};

use super::{Answered, Asker, Parts, told};
use crate::{Gateway, entries::forbidden, problem::Problem, trace::may_trace};

/// The one thing that a recipient does with a message.
const RECEIVE: &str = "receive";

/// A subject or a resource. What else stands in it is not read: the standard lets callers add to it.
#[derive(Debug, Deserialize)]
struct Entity {
    #[serde(rename = "type")]
    ty: String,
    id: String,
    #[serde(default)]
    properties: Map<String, Value>,
}

#[derive(Debug, Deserialize)]
struct Action {
    name: String,
}

/// The instants of the question. Other members (`time`, `traceparent`) are the caller's own.
#[derive(Debug, Default, Deserialize)]
struct Context {
    at: Option<Timestamp>,
    known: Option<Timestamp>,
}

/// Which message is meant.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct OfMessage {
    source: Option<Source>,
}

/// Answers one question.
pub(super) async fn evaluate(gateway: &Gateway, asker: Asker<'_>, parts: Parts) -> Result<Answered, Problem> {
    let subject: Entity = part(parts.subject, "`subject` with `type` and `id`")?;
    let action: Action = part(parts.action, "`action` with `name`")?;
    let resource: Entity = part(parts.resource, "`resource` with `type` and `id`")?;
    let context: Context = match parts.context {
        Some(context) => part(Some(context), "`context`, with `at` and `known` as instants with an offset")?,
        None => Context::default(),
    };
    if action.name != RECEIVE {
        return Err(Problem::invalid("`action.name`: `receive`"));
    }
    match (subject.ty.as_str(), resource.ty.as_str()) {
        ("participant", "message") => of_message(gateway, asker, &subject.id, resource, &context).await,
        ("relation", "case") => of_case(gateway, asker, subject, resource, &context).await,
        _ => Err(Problem::invalid("a `participant` and a `message`, or a `relation` and a `case`")),
    }
}

fn part<T: DeserializeOwned>(value: Option<Value>, expected: &str) -> Result<T, Problem> {
    let value = value.ok_or_else(|| Problem::invalid(expected))?;
    serde_json::from_value(value).map_err(|_| Problem::invalid(expected))
}

/// About a kept message: what `rules explain` says.
async fn of_message(
    gateway: &Gateway,
    asker: Asker<'_>,
    recipient: &str,
    resource: Entity,
    context: &Context,
) -> Result<Answered, Problem> {
    let to: ParticipantId = recipient.parse().map_err(|_| Problem::invalid("`subject.id`: the id of a participant"))?;
    let OfMessage { source } = part(Some(Value::Object(resource.properties)), "`resource.properties`: `source` or nothing")?;
    // what is no id is the id of no message
    let Ok(id) = resource.id.parse::<MessageId>() else { return Ok(told::unanswered(&NoAnswer::UnknownMessage)) };
    let source = match asker {
        Asker::Administrator => source,
        Asker::Participant(asker) => {
            if to != *asker {
                return Err(forbidden("itself as the `subject`, or the token of an administrator"));
            }
            // what was decided before is not its part, what will be nobody's
            if context.at.is_some() || context.known.is_some() {
                return Err(forbidden("no `at` and no `known`, or the token of an administrator"));
            }
            match traced(gateway, asker, &id, source.as_ref()).await? {
                Ok(source) => Some(source),
                Err(why) => return answered_or_invalid(&why),
            }
        }
    };
    let settings = gateway.hub.in_force_or_last().await?;
    let why = Why { message: &id, source: source.as_ref(), to: Some(&to), at: context.at, known: context.known };
    let answers =
        answer_with(&settings, &**gateway.hub.store(), &why, By::Kept, |question, record| told::record(question, &record, asker)).await?;
    match answers {
        Ok(mut answers) => Ok(answers.pop().unwrap_or_else(|| told::unanswered(&NoAnswer::UnknownMessage))),
        Err(why) => answered_or_invalid(&why),
    }
}

/// The source of the one message of that id that this participant may trace.
async fn traced(
    gateway: &Gateway,
    asker: &ParticipantId,
    id: &MessageId,
    source: Option<&Source>,
) -> Result<Result<Source, NoAnswer>, Problem> {
    let traces = gateway.hub.store().trace(id).await?;
    let own = traces.iter().filter(|trace| may_trace(trace, asker)).map(|trace| &trace.message.key.source);
    let mut own = own.filter(|one| source.is_none_or(|source| source == *one));
    Ok(match (own.next(), own.next()) {
        (Some(one), None) => Ok(one.clone()),
        (Some(_), Some(_)) => Err(NoAnswer::SeveralSources),
        (None, _) => Err(NoAnswer::UnknownMessage),
    })
}

/// What is not known is not permitted; what cannot be asked like this is no question.
fn answered_or_invalid(why: &NoAnswer) -> Result<Answered, Problem> {
    match why {
        NoAnswer::KnownInFuture { .. } => Err(Problem::invalid("`context.known`: an instant that has passed")),
        NoAnswer::SeveralSources => Err(Problem::invalid("`resource.properties.source`: several systems have used this id")),
        _ => Ok(told::unanswered(why)),
    }
}

/// About a made-up case: what the rules that are in force say.
async fn of_case(gateway: &Gateway, asker: Asker<'_>, subject: Entity, resource: Entity, context: &Context) -> Result<Answered, Problem> {
    if let Asker::Participant(_) = asker {
        return Err(forbidden("itself and a `message`, or the token of an administrator"));
    }
    if context.known.is_some() {
        return Err(Problem::invalid("no `known`: a made-up case is known as it is"));
    }
    let mut words = resource.properties;
    let of_recipient = [("recipient", Some(json!(subject.id))), ("at", context.at.map(|at| json!(at)))];
    let of_recipient = of_recipient.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
    for (name, value) in of_recipient.chain(subject.properties) {
        if words.insert(name, value).is_some() {
            return Err(Problem::invalid("the relation of the recipient as `subject.id`, and each word about the case once"));
        }
    }
    let expected = "`resource.properties`: `event`, `sender` (a relation), perhaps `consent` (none, valid, without-health, expired, \
                    withdrawn), `signals`, `leaves` or `lacking`, `title`, `ended`; `subject.properties`: perhaps `kind`, `tellsHealth`";
    let case: MadeUp = part(Some(Value::Object(words)), expected)?;
    let (settings, now) = (gateway.hub.in_force().await?, gateway.hub.store().now().await?);
    let answered = case.ask(&settings.rules, &settings.catalogue, now, told::case);
    answered.map_err(|why| Problem::invalid(&why.to_string()))
}
