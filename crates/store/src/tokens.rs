//! Bearer tokens of participants, as digests.

use jiff::Timestamp;
use schakelpunt_domain::ParticipantId;
use schakelpunt_engine::ports::StoreError;

use crate::{
    rows::Reader,
    sql::{Session, Sql, values},
};

const HOLDER: Sql = Sql::both("select participant from tokens where digest = $1");
const HOLDERS: Sql = Sql::both("select participant, given_at from tokens order by participant");
const TAKE: Sql = Sql::both("delete from tokens where participant = $1");
const GIVE: Sql = Sql::both("insert into tokens (digest, participant, given_at, given_by) values ($1, $2, $3, $4)");

/// Whose token has this digest.
pub(crate) async fn holder<S: Session>(session: &mut S, digest: &str) -> Result<Option<ParticipantId>, StoreError> {
    let rows = session.rows(HOLDER, values![digest]).await?;
    rows.first().map(|row| Reader::of("tokens", row).parsed("participant")).transpose()
}

/// Who has one, and since when.
pub(crate) async fn holders<S: Session>(session: &mut S) -> Result<Vec<(ParticipantId, Timestamp)>, StoreError> {
    let rows = session.rows(HOLDERS, Vec::new()).await?;
    let read = |row| {
        let reader = Reader::of("tokens", row);
        Ok((reader.parsed("participant")?, reader.instant("given_at")?))
    };
    rows.iter().map(read).collect()
}

/// Gives a participant this one in place of those that it had.
pub(crate) async fn give<S: Session>(session: &mut S, participant: &ParticipantId, digest: &str, by: &str) -> Result<(), StoreError> {
    let now = session.clock().await?;
    session.run(TAKE, values![participant.as_str()]).await?;
    session.run(GIVE, values![digest, participant.as_str(), now, by]).await?;
    Ok(())
}
