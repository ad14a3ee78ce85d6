-- This transaction's commit returns before it is on the disk. Nobody sees a difference but a server
-- that dies within a second: of what was committed so, the last is not there when it starts again.
set local synchronous_commit = off
