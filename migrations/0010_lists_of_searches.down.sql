-- More than this may wait already: it goes into the index with the next row.
alter index users_search_idx set (gin_pending_list_limit = 128);
alter index posts_search_idx set (gin_pending_list_limit = 128);
