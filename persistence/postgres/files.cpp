#include "persistence/postgres/files.hpp"

#include "persistence/append_rules.hpp"

namespace hongyan::postgres {

const char* const find_files_sql = R"(
SELECT i.n, f.owner, f.kind::bigint, f.mime, f.name, f.size, f.width, f.height, f.length_ms, f.created_at_ms
FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS i (id, user_id, n)
JOIN file f ON f.id = i.id AND f.state = 1 AND (f.due_at_ms IS NULL OR f.due_at_ms > $3::bigint)
WHERE i.user_id IS NULL OR f.owner = i.user_id
  OR EXISTS (SELECT FROM message_file mf JOIN member m ON m.user_id = i.user_id
               AND m.conversation_id = mf.conversation_id
             WHERE mf.file_id = i.id AND mf.seq >= m.first_seq)
  OR EXISTS (SELECT FROM profile p WHERE p.avatar = i.id AND length(p.avatar) = 32))";

void add_questions(pg_parameters& parameters, std::span<const file_question> questions, wall_time now) {
  parameters.clear();
  add_texts(parameters, questions, [](const file_question& q) { return std::string_view(q.id); });
  parameters.begin_texts(questions.size());
  for (const auto& question : questions)
    if (question.seen_by)
      parameters.element(question.seen_by->text());
    else
      parameters.null_element();
  parameters.add(to_ms(now));
}

stored_file read_file(const pg_rows& rows, int row, std::string id) {
  stored_file file{.id = std::move(id),
                   .owner = stored_user(rows.text(row, 1)),
                   .kind = media::kind_of(rows.bigint(row, 2)),
                   .mime = std::string(rows.text(row, 3)),
                   .name = std::string(rows.text(row, 4)),
                   .size = rows.bigint(row, 5),
                   .created_at = from_ms(rows.bigint(row, 9))};
  if (!rows.is_null(row, 6))
    file.picture = {static_cast<std::uint32_t>(rows.bigint(row, 6)),
                    static_cast<std::uint32_t>(rows.bigint(row, 7))};
  if (!rows.is_null(row, 8)) file.length = std::chrono::milliseconds(rows.bigint(row, 8));
  return file;
}

std::vector<std::optional<stored_file>> read_files(const pg_rows& rows,
                                                   std::span<const file_question> questions) {
  std::vector<std::optional<stored_file>> found(questions.size());
  for (int row = 0; row < rows.size(); ++row) {
    const auto n = static_cast<std::size_t>(rows.bigint(row, 0) - 1);
    found.at(n) = read_file(rows, row, questions[n].id);
  }
  return found;
}

} // namespace hongyan::postgres
