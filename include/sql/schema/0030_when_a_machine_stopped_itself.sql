-- EC2 does not say when a machine shut itself down. Its host does, once it is started again: until then
-- the session ends when it was first seen stopped.
alter table core.instance_session add column stopped_at_source text;
comment on column core.instance_session.stopped_at is
'When EC2 stopped it, as far as is known: see stopped_at_source.';
comment on column core.instance_session.stopped_at_source is
'ec2; seen, where EC2 does not say: when it was first seen stopped; host, which noted when it powered itself off. Null: not known.';
