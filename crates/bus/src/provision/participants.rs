//! One participant at the broker: let in, given a key, shut out.
//!
//! The user of a participant is the same in every virtual host of a broker, and so is its password. Its rights are per virtual host:
//! without any, the broker lets nobody open a connection to it.

use std::time::Duration;

use schakelpunt_amqp::topology::{Definitions, Topology};
use schakelpunt_domain::ParticipantId;
use serde_json::{Value, json};

use super::{Broker, PARTICIPANT_WRITE, Permission, ProvisionError, inbox_read, topic_permission};

/// How long the connections of a user that is shut out may take to go.
const CLOSING: Duration = Duration::from_secs(10);
/// Between two looks at them.
const LOOK: Duration = Duration::from_millis(200);

impl Broker {
    /// A participant with that password: its user, inbox and rights.
    pub async fn ensure_participant(
        &self,
        vhost: &str,
        topology: &Topology,
        participant: &ParticipantId,
        password: &str,
    ) -> Result<(), ProvisionError> {
        self.ensure_inboxes(vhost, topology, std::slice::from_ref(participant)).await?;
        self.set_key(participant, password).await?;
        self.permit_participant(vhost, participant).await
    }

    /// The inboxes of participants. Before anything else: a user without one would be refused.
    pub async fn ensure_inboxes(&self, vhost: &str, topology: &Topology, participants: &[ParticipantId]) -> Result<(), ProvisionError> {
        let mut definitions = Definitions::default();
        for participant in participants {
            let inbox = topology.inbox_definitions(participant);
            definitions.queues.extend(inbox.queues);
            definitions.bindings.extend(inbox.bindings);
        }
        self.declare(vhost, &definitions).await
    }

    /// The user of a participant with its rights. Who has a key keeps it; who has none gets `key`, and without one nobody can log in.
    pub async fn admit(&self, vhost: &str, participant: &ParticipantId, key: Option<&str>) -> Result<(), ProvisionError> {
        match (key, self.has_key(participant).await?) {
            (Some(key), Some(false) | None) => self.set_key(participant, key).await?,
            (None, None) => {
                self.management.put(&["users", participant.as_str()], &json!({ "password_hash": "", "tags": "" })).await?;
            }
            (_, Some(_)) => {}
        }
        self.permit_participant(vhost, participant).await
    }

    async fn permit_participant(&self, vhost: &str, participant: &ParticipantId) -> Result<(), ProvisionError> {
        let user = participant.as_str();
        // the prefix before the right to write at all: without a topic permission every routing key is allowed
        self.management.put(&["topic-permissions", vhost, user], &topic_permission(participant)).await?;
        self.permit(vhost, "^$", &Permission { user, write: PARTICIPANT_WRITE, read: &inbox_read(participant) }).await
    }

    /// In a virtual host of rehearsals a participant reads its inbox, and can send nothing.
    pub async fn admit_to_rehearsal(&self, vhost: &str, topology: &Topology, participant: &ParticipantId) -> Result<(), ProvisionError> {
        self.ensure_inboxes(vhost, topology, std::slice::from_ref(participant)).await?;
        self.permit(vhost, "^$", &Permission { user: participant.as_str(), write: "^$", read: &inbox_read(participant) }).await
    }

    /// Whether somebody can log in as the participant; `None`: there is no such user.
    pub async fn has_key(&self, participant: &ParticipantId) -> Result<Option<bool>, ProvisionError> {
        let user = self.management.get(&["users", participant.as_str()]).await?;
        let has = |user: &Value| user.get("password_hash").and_then(Value::as_str).is_some_and(|hash| !hash.is_empty());
        Ok(user.as_ref().map(has))
    }

    /// Gives a participant a password; the one before is worth nothing from then on.
    pub async fn set_key(&self, participant: &ParticipantId, password: &str) -> Result<(), ProvisionError> {
        self.ensure_user(participant.as_str(), password).await
    }

    /// Shuts a participant out of these virtual hosts: it cannot connect any more, and what is open is closed. Its inbox stays. Gives
    /// how many connections there were.
    pub async fn bar(&self, vhosts: &[&str], participant: &ParticipantId) -> Result<usize, ProvisionError> {
        // the rights first: whoever is thrown out connects again at once
        for vhost in vhosts {
            self.management.delete(&["permissions", vhost, participant.as_str()]).await?;
        }
        let (mut closed, mut looks) = (0, CLOSING.as_millis() / LOOK.as_millis());
        loop {
            let (ours, elsewhere) = self.connections(vhosts, participant).await?;
            closed = closed.max(ours.len());
            if ours.is_empty() {
                return Ok(closed);
            }
            if looks == 0 {
                return Err(ProvisionError::StillConnected(participant.clone()));
            }
            if elsewhere == 0 {
                self.management.delete(&["connections", "username", participant.as_str()]).await?;
            } else {
                // one by one the broker knows only those that it has counted, which it does every few seconds
                for name in &ours {
                    self.management.delete(&["connections", name]).await?;
                }
            }
            looks -= 1;
            tokio::time::sleep(LOOK).await;
        }
    }

    /// The open connections of a participant in these virtual hosts by name, and how many it has in others.
    pub(super) async fn connections(&self, vhosts: &[&str], participant: &ParticipantId) -> Result<(Vec<String>, usize), ProvisionError> {
        let rows = self.management.rows(&["connections", "username", participant.as_str()]).await?;
        let text = |row: &Value, key: &str| row.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        let (ours, others): (Vec<&Value>, Vec<&Value>) = rows.iter().partition(|row| vhosts.contains(&text(row, "vhost").as_str()));
        Ok((ours.into_iter().map(|row| text(row, "name")).collect(), others.len()))
    }
}
