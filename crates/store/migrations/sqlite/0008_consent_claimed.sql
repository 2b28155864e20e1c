-- Whether something by consent is on its way to a partner: then nothing else by consent is claimed for it, by no process.
create index deliveries_consent_claimed on deliveries (recipient) where by_consent and stage = 'claimed';
