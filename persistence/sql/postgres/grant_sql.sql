-- What `hongyan grant-sql ROLE` makes: the functions by which a role sends in transactions of its own, and what it sees
-- of what was refused. It can be run again. {tables} stands for the schema that has ours, {role} for the role.
CREATE SCHEMA IF NOT EXISTS hongyan;

-- As JSON without white space between its parts, which is how sizes are counted.
CREATE OR REPLACE FUNCTION hongyan.compact(value jsonb) RETURNS text LANGUAGE sql IMMUTABLE STRICT
SET search_path = pg_catalog, pg_temp AS $$
  SELECT regexp_replace(value::text, '("(?:[^"\\]|\\.)*")|([,:]) ', '\1\2', 'g')
$$;

CREATE OR REPLACE FUNCTION hongyan.put(sender text, recipient text, to_group boolean, kind text, content jsonb,
                                       client_msg_id text, ext jsonb) RETURNS void LANGUAGE plpgsql
SET search_path = pg_catalog, {tables}, pg_temp AS $$
DECLARE
  id_form CONSTANT text := '^[A-Za-z0-9_.:@-]{1,64}$';
  waiting_max CONSTANT bigint := 10000;
BEGIN
  IF sender IS NULL OR sender !~ id_form THEN
    RAISE EXCEPTION 'sender: a user id is 1 to 64 characters of A-Z a-z 0-9 _ - . : @' USING ERRCODE = 'invalid_parameter_value';
  END IF;
  IF recipient IS NULL OR recipient !~ id_form THEN
    RAISE EXCEPTION 'recipient: an id is 1 to 64 characters of A-Z a-z 0-9 _ - . : @' USING ERRCODE = 'invalid_parameter_value';
  END IF;
  IF kind IS NULL OR kind NOT IN ('text', 'image', 'voice', 'video', 'file', 'location', 'custom') THEN
    RAISE EXCEPTION 'kind: one of text, image, voice, video, file, location, custom' USING ERRCODE = 'invalid_parameter_value';
  END IF;
  IF client_msg_id IS NULL OR char_length(client_msg_id) NOT BETWEEN 1 AND 64 THEN
    RAISE EXCEPTION 'client_msg_id: 1 to 64 characters, which make the message one however often it is sent' USING ERRCODE = 'invalid_parameter_value';
  END IF;
  IF kind = 'text' THEN
    IF content IS NULL OR jsonb_typeof(content) <> 'string' OR char_length(content #>> '{}') NOT BETWEEN 1 AND 4096 THEN
      RAISE EXCEPTION 'content: of a text a JSON string of 1 to 4096 characters, such as to_jsonb(''...''::text)' USING ERRCODE = 'invalid_parameter_value';
    END IF;
  ELSIF content IS NULL OR jsonb_typeof(content) <> 'object' OR octet_length(hongyan.compact(content)) > 8192 THEN
    RAISE EXCEPTION 'content: of this kind a JSON object of at most 8192 bytes' USING ERRCODE = 'invalid_parameter_value';
  END IF;
  IF ext IS NOT NULL AND (jsonb_typeof(ext) <> 'object' OR octet_length(hongyan.compact(ext)) > 1024) THEN
    RAISE EXCEPTION 'ext: a JSON object of at most 1024 bytes, or null' USING ERRCODE = 'invalid_parameter_value';
  END IF;
  -- The ids tell cheaply that there cannot be as many.
  IF (SELECT max(id) - min(id) FROM sql_send) >= waiting_max - 1
     AND (SELECT count(*) FROM (SELECT FROM sql_send LIMIT waiting_max) AS waiting) >= waiting_max THEN
    RAISE EXCEPTION '% messages wait to be sent already; try again in a moment', waiting_max USING ERRCODE = 'configuration_limit_exceeded';
  END IF;
  INSERT INTO sql_send (role, sender, recipient, to_group, kind, content, client_msg_id, ext, at_ms)
  VALUES (session_user, sender, recipient, to_group, kind, content::text, client_msg_id, ext::text,
          (extract(epoch FROM clock_timestamp()) * 1000)::bigint);
  PERFORM pg_notify('hongyan_sql_send', '');
END
$$;

CREATE OR REPLACE FUNCTION hongyan.send(sender text, recipient text, kind text, content jsonb, client_msg_id text,
                                        ext jsonb DEFAULT NULL) RETURNS void LANGUAGE sql SECURITY DEFINER
SET search_path = pg_catalog, {tables}, pg_temp AS $$
  SELECT hongyan.put(sender, recipient, false, kind, content, client_msg_id, ext)
$$;
CREATE OR REPLACE FUNCTION hongyan.send_to_group(sender text, group_id text, kind text, content jsonb, client_msg_id text,
                                                 ext jsonb DEFAULT NULL) RETURNS void LANGUAGE sql SECURITY DEFINER
SET search_path = pg_catalog, {tables}, pg_temp AS $$
  SELECT hongyan.put(sender, group_id, true, kind, content, client_msg_id, ext)
$$;

CREATE OR REPLACE VIEW hongyan.refused WITH (security_barrier) AS
  SELECT sender, recipient, to_group, kind, client_msg_id, reason, detail, to_timestamp(at_ms / 1000.0) AS at
  FROM {tables}.sql_refused WHERE role = session_user;

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA hongyan FROM PUBLIC;
GRANT USAGE ON SCHEMA hongyan TO {role};
GRANT EXECUTE ON FUNCTION hongyan.send(text, text, text, jsonb, text, jsonb),
                          hongyan.send_to_group(text, text, text, jsonb, text, jsonb) TO {role};
GRANT SELECT ON hongyan.refused TO {role};
