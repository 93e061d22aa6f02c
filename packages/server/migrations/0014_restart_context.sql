-- What the server itself has to say to an agent speaks for one start of its workspace (contract lifecycle §2.8).

-- The generation of the target this message is for; null: whichever is there.
alter table messages add column for_generation bigint;
