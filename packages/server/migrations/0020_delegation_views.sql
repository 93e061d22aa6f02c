-- The views of operators: the newest delegations of a state, and how many there are of each.
create index messages_delegations_by_state on messages (state, seq desc) where kind = 'delegation';
