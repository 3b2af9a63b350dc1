-- How much waits to go into the indexes of searches is up to whoever writes, since what is good
-- for one row is not good for an import. A program of before says nothing, and so leaves up to
-- 4 MiB of it until the next one writes: searches take longer until then.
alter index users_search_idx reset (gin_pending_list_limit);
alter index posts_search_idx reset (gin_pending_list_limit);
