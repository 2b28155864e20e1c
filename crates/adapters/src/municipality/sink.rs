//! Where the hub's messages go: every system that is configured, one after the other. What one has taken it takes again after a crash
//! without harm, so a message counts as handed on when all have it.

use std::sync::Arc;

use schakelpunt_domain::{
    Clock,
    catalogue::Catalogue,
    pointer::{cut, leaves_of},
};

use super::config::{Config, Desk};
use crate::{
    Error,
    delivered::Delivered,
    door::Door,
    hook::Hook,
    hub::{Sink, SinkError},
    readable,
    shelf::Shelf,
    zgw::Zgw,
};

/// The systems of a municipality.
#[derive(Debug)]
pub struct Systems {
    catalogue: Arc<Catalogue>,
    folder: Option<Shelf>,
    hook: Option<Hook>,
    zgw: Option<Zgw>,
    pub(super) door: Option<Door>,
    desks: Vec<(Desk, Shelf)>,
}

impl Systems {
    pub(super) fn open(config: &Config, catalogue: &Arc<Catalogue>, clock: &Arc<dyn Clock>) -> Result<Self, Error> {
        let shelf = |path: &std::path::Path| Shelf::open(path).map_err(|source| Error::Folder { path: path.to_owned(), source });
        let messages = &config.messages;
        if messages.folder.is_none() && messages.webhook.is_none() && messages.zgw.is_none() && messages.door.is_none() {
            return Err(Error::settings("messages", "a folder, a webhook, a case system or a door: somewhere the messages must go"));
        }
        let hook = messages.webhook.as_ref().map(|hook| Hook::new("messages.webhook", hook, Arc::clone(clock))).transpose()?;
        let zgw = messages.zgw.as_ref().map(|zgw| Zgw::new("messages.zgw", zgw, Arc::clone(clock))).transpose()?;
        let own = &config.own.folder;
        let door = messages.door.as_ref().map(|door| Door::open("messages.door", door, own, Arc::clone(clock))).transpose()?;
        Ok(Self {
            catalogue: Arc::clone(catalogue),
            folder: messages.folder.as_deref().map(shelf).transpose()?,
            hook,
            zgw,
            door,
            desks: config.desks.iter().map(|desk| Ok((desk.clone(), shelf(&desk.folder)?))).collect::<Result<_, Error>>()?,
        })
    }

    fn write(&self, shelf: &Shelf, message: &Delivered) -> Result<(), SinkError> {
        let text = readable::text(message, &self.catalogue);
        let put = shelf.put(message, "txt", text.as_bytes());
        put.map(drop).map_err(|error| SinkError::Later(format!("a folder for messages: {error}")))
    }
}

/// The part of a message that a desk gets; `None` if it does not concern it.
fn extract(message: &Delivered, desk: &Desk) -> Option<Delivered> {
    let present = leaves_of(&message.data);
    let concerns = if desk.because.is_empty() { &desk.fields } else { &desk.because };
    if !present.iter().any(|leaf| concerns.contains(leaf)) {
        return None;
    }
    let keep = |leaf: &str| leaf.parse().is_ok_and(|leaf| desk.fields.contains(&leaf));
    Some(Delivered { data: cut(&message.data, &keep, &[]), ..message.clone() })
}

impl Sink for Systems {
    async fn hand_on(&self, message: &Delivered) -> Result<(), SinkError> {
        if let Some(folder) = &self.folder {
            self.write(folder, message)?;
        }
        for (desk, shelf) in &self.desks {
            if let Some(extract) = extract(message, desk) {
                self.write(shelf, &extract)?;
            }
        }
        if let Some(door) = &self.door {
            door.hand_on(message).await?;
        }
        if let Some(hook) = &self.hook {
            hook.hand_on(message).await?;
        }
        match &self.zgw {
            Some(zgw) => zgw.hand_on(message).await,
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_desk_gets_its_part_of_what_concerns_it() {
        let event = json!({
            "id": "5f0c", "type": "nl.schakelpunt.plans.plan-ready.v1", "time": "2024-09-04T06:30:00Z", "subject": "D-1",
            "data": { "conditions": { "DEBT": { "status": "MISSING", "detail": "x" }, "HOUSING": { "status": "MISSING" } }, "person": { "identity": { "surname": "Fictiva" } } }
        });
        let message = Delivered::read(event.to_string().as_bytes()).unwrap();
        let desk = |fields: &[&str], because: &[&str]| Desk {
            role: "schuldhulpverlener".to_owned(),
            folder: "/nowhere".into(),
            fields: fields.iter().map(|leaf| leaf.parse().unwrap()).collect(),
            because: because.iter().map(|leaf| leaf.parse().unwrap()).collect(),
        };
        let debts = desk(&["/person/identity/surname", "/conditions/DEBT/status"], &["/conditions/DEBT/status"]);
        let expected = json!({ "conditions": { "DEBT": { "status": "MISSING" } }, "person": { "identity": { "surname": "Fictiva" } } });
        assert_eq!(extract(&message, &debts).unwrap().data, expected);
        assert_eq!(extract(&message, &desk(&["/person/identity/surname"], &["/benefit/from"])), None, "only who it is about");
    }
}
