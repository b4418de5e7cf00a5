#include "actors/backup.hpp"

#include "actors/blocking.hpp"
#include "core/tools/wall_time.hpp"
#include "core/wire/tar.hpp"

#include <spdlog/spdlog.h>

#include <unordered_set>

namespace hongyan {

namespace {

/// Files whose bytes are gone: each is an accident. A store that has more of them is no store to be copied.
constexpr std::size_t missing_max = 10'000;

/// From its making to its end there is no other.
class turn {
public:
  static std::unique_ptr<turn> take(std::atomic<bool>& is_under_way) {
    return is_under_way.exchange(true) ? nullptr : std::unique_ptr<turn>(new turn(is_under_way));
  }
  ~turn() { is_under_way_ = false; }
  turn(const turn&) = delete;
  turn& operator=(const turn&) = delete;

private:
  explicit turn(std::atomic<bool>& is_under_way) : is_under_way_(is_under_way) {}

  std::atomic<bool>& is_under_way_;
};

/// A tar stream of the database's copy, and of each file that it knows. Read from its beginning to its end.
class archive final : public files::blob_reader {
public:
  static result<blob_reader_ptr> make(backup_env& env, std::unique_ptr<turn> its);
  ~archive() override {
    const auto ms =
        std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - begun_);
    spdlog::info("event=backup_{} bytes={} files={} missing={} ms={}", given_ == size_ ? "given" : "left",
                 given_, files_, missing_.size(), ms.count());
  }

  std::uint64_t size() const override { return size_; }
  result<std::string> read(std::uint64_t offset, std::size_t count) override;

private:
  archive(backup_env& env, std::unique_ptr<turn> its, std::unique_ptr<store_copy> copy)
      : env_(env)
      , its_(std::move(its))
      , copy_(std::move(copy)) {}

  result<void> measure();
  result<void> begin_file();

  backup_env& env_;
  std::unique_ptr<turn> its_;
  std::unique_ptr<store_copy> copy_;
  const std::chrono::sys_seconds made_ = std::chrono::floor<std::chrono::seconds>(wall_now());
  const std::chrono::steady_clock::time_point begun_ = std::chrono::steady_clock::now();
  std::unordered_set<std::string> missing_{};
  std::string behind_database_{}; ///< the entry of the folder's own name; without a folder the end
  std::uint64_t files_ = 0;
  std::uint64_t size_ = 0;
  // How far it is:
  std::uint64_t given_ = 0;
  std::string ahead_{};                        ///< headers, small files and padding, not given yet
  std::uint64_t database_at_ = 0;              ///< of its copy's bytes
  std::string last_file_{};                    ///< the id of the one that is being read, or was
  std::unique_ptr<files::blob_reader> file_{}; ///< null: none is
  std::uint64_t file_at_ = 0;
};

result<blob_reader_ptr> archive::make(backup_env& env, std::unique_ptr<turn> its) {
  auto copy = env.database.copy();
  if (!copy) return copy.error();
  std::shared_ptr<archive> made(new archive(env, std::move(its), std::move(*copy)));
  if (auto measured = made->measure(); !measured) return measured.error();
  return blob_reader_ptr(std::move(made));
}

/// How long all of it is, which is said before its first byte; what is not there is left out.
result<void> archive::measure() {
  size_ = tar_length(copy_->size()) + tar_end;
  ahead_ = tar_header("hongyan.db", copy_->size(), made_);
  if (env_.files == nullptr || !env_.files->place_in_backup("")) {
    behind_database_.assign(tar_end, '\0');
    return {};
  }
  auto name = env_.files->identity();
  if (!name) return name.error();
  behind_database_ = tar_header(*env_.files->place_in_backup(""), name->size() + 1, made_) + *name + '\n';
  behind_database_.append(tar_padding(name->size() + 1), '\0');
  size_ += behind_database_.size();
  for (std::string id;;) {
    const auto file = copy_->file_after(id);
    if (!file) return file.error();
    if (!*file) return {};
    id = (*file)->id;
    auto bytes = env_.files->open(id);
    if (!bytes) return bytes.error();
    if (*bytes && (*bytes)->size() == (*file)->size) {
      size_ += tar_length((*file)->size);
      ++files_;
      continue;
    }
    spdlog::error("event=file_missing file={} there={} where=backup", id, *bytes != nullptr);
    missing_.insert(id);
    if (missing_.size() > missing_max)
      return error{errc::unavailable,
                   "over ten thousand files are missing in the file store; is it the right one?"};
  }
}

/// The header of the next file; after the last one the end.
result<void> archive::begin_file() {
  for (;;) {
    auto file = copy_->file_after(last_file_);
    if (!file) return file.error();
    if (!*file) {
      ahead_.append(tar_end, '\0');
      return {};
    }
    last_file_ = (*file)->id;
    if (missing_.contains(last_file_)) continue;
    auto bytes = env_.files->open(last_file_);
    if (!bytes) return bytes.error();
    if (!*bytes || (*bytes)->size() != (*file)->size)
      return error{errc::unavailable, "the file " + last_file_ + " has gone while it was to be copied"};
    ahead_ += tar_header(*env_.files->place_in_backup(last_file_), (*file)->size, made_);
    file_ = std::move(*bytes);
    file_at_ = 0;
    return {};
  }
}

result<std::string> archive::read(std::uint64_t offset, std::size_t count) {
  if (offset != given_) return error{errc::internal, "a backup is read from its beginning to its end"};
  std::string bytes;
  const auto take = [&](auto& from, std::uint64_t& at) -> result<void> {
    auto more = from.read(
        at, static_cast<std::size_t>(std::min<std::uint64_t>(count - bytes.size(), from.size() - at)));
    if (!more) return more.error();
    at += more->size();
    bytes += *more;
    if (at == from.size()) ahead_.assign(tar_padding(at), '\0');
    return {};
  };
  while (bytes.size() < count && given_ + bytes.size() < size_) {
    if (!ahead_.empty()) {
      const auto some = std::min(count - bytes.size(), ahead_.size());
      bytes.append(ahead_, 0, some);
      ahead_.erase(0, some);
    } else if (database_at_ < copy_->size()) {
      if (auto had = take(*copy_, database_at_); !had) return had.error();
      if (database_at_ == copy_->size()) ahead_ += behind_database_;
    } else if (file_ != nullptr && file_at_ < file_->size()) {
      if (auto had = take(*file_, file_at_); !had) return had.error();
    } else if (auto begun = begin_file(); !begun) {
      return begun.error();
    }
  }
  given_ += bytes.size();
  return bytes;
}

/// The reason is for the operator who asked, and has the key for it.
error told_of_backup(const error& why) {
  spdlog::warn("event=backup_failed reason=\"{}\"", why.detail);
  return why;
}

template <class Answer, class Work>
Answer for_who_waits(steady_time until, Work work) {
  return answer_in_time<Answer>(until, "backup", "others were before it for too long; try again",
                                errc::unavailable, work);
}

} // namespace

backup_actor::behavior_type backup_maker(backup_actor::pointer, backup_env* env) {
  go_behind_senders();
  return {
      [env](create_atom, const backup_wish& wish) {
        return for_who_waits<blob_opened>(wish.until, [env]() -> blob_opened {
          auto its = turn::take(env->is_under_way);
          if (!its) return {.failure = another_backup_runs()};
          auto made = archive::make(*env, std::move(its));
          if (!made) return {.failure = told_of_backup(made.error())};
          return {.reader = *std::move(made)};
        });
      },
      [](read_atom, const blob_wish& wish) {
        return for_who_waits<blob_done>(wish.until, [&wish]() -> blob_done {
          auto bytes = wish.from->read(wish.offset, wish.count);
          if (!bytes) return {.failure = told_of_backup(bytes.error())};
          return {.bytes = *std::move(bytes)};
        });
      },
  };
}

} // namespace hongyan
