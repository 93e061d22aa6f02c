-- Nothing looks a message up by its place in the ledger alone, and the sequence itself never gives a place twice. With an
-- index on it, what one caller, target or state has last was looked for by walking the whole ledger backward: quick for
-- who is at work, and the length of the ledger for who has fallen silent. By itself, because it locks out every reader,
-- and must not do so while an index is built.
alter table messages drop constraint messages_seq_key;
