-- Whether something by consent is due for a recipient: only then its inbox is held free of everything else.
create index stages_consent_due on stages (recipient, due) where by_consent and due is not null;
