#include "actors/file_keeper.hpp"

#include "core/tools/random.hpp"

#include <spdlog/spdlog.h>
#include <utility>

namespace hongyan {

namespace {

/// Until the database and the store have answered once.
constexpr std::chrono::seconds store_look_interval{1};
/// Of a link's key.
constexpr std::size_t link_key_digits = 64;
constexpr std::size_t files_at_once = 100;

using answer_promise = caf::typed_response_promise<blob_done>;

struct keeper {
  file_keeper_actor::pointer self;
  file_keeper_env* env;
  persistence_actor persistence;
  std::string trouble{}; ///< why the store could not be looked at, the last time

  bool knows() const { return !env->link_key.get()->empty(); }

  /// Asks persistence for a change of files; `then` gets its answer. Without a deadline: nobody waits for it,
  /// and persistence answers each, at its own end too.
  template <class Then>
  void ask(change_action action, Then then) {
    env->admitted.appends.take(1);
    self->request(persistence, caf::infinite, change_atom::value,
                  change{.by = {}, .action = std::move(action)})
        .then([then](change_answer& answer) mutable { then(answer); },
              [then](const caf::error&) mutable {
                change_answer gone{.failure = error{errc::unavailable, "the server stopped"}};
                then(gone);
              });
  }

  void look(answer_promise told) {
    auto identity = env->store.identity();
    if (!identity) {
      if (std::exchange(trouble, identity.error().detail) != identity.error().detail) // else it is known
        spdlog::warn("event=file_store_failed reason=\"{}\"", identity.error().detail);
      told.deliver(blob_done{.failure = identity.error()});
      return;
    }
    ask(identify_files{*identity, random_name(link_key_digits)}, [this, ours = *identity,
                                                                  told](change_answer& answer) mutable {
      if (answer.failure) {
        told.deliver(blob_done{.failure = answer.failure});
      } else if (answer.identity->store != ours) {
        const error other{errc::conflict, "it is not the file store of this database, which has been used "
                                          "with another one"};
        spdlog::error("event=file_store_refused reason=\"{}\"", other.detail);
        told.deliver(blob_done{.failure = other});
      } else {
        env->link_key.set(std::move(answer.identity->link_key));
        told.deliver(blob_done{});
      }
    });
  }

  /// The rows say which; the bytes go first, so that no byte is ever without its row. After a failure of the
  /// store the rest waits: it is due again.
  void sweep() {
    if (env->is_backing_up) return;
    ask(take_due_files{files_at_once}, [this](change_answer& answer) {
      const bool is_full = answer.files.size() == files_at_once;
      forget_files gone;
      for (auto& id : answer.files) {
        // Begun before these rows were going, perhaps; they are due again.
        if (env->is_backing_up) break;
        if (const auto removed = env->store.remove(id); !removed) {
          spdlog::warn("event=file_store_failed reason=\"{}\"", removed.error().detail);
          break;
        }
        gone.ids.push_back(std::move(id));
      }
      if (gone.ids.empty()) return;
      const auto count = gone.ids.size();
      ask(std::move(gone), [this, count, is_full](const change_answer& forgotten) {
        if (forgotten.failure) return;
        env->figures.files_deleted.Increment(static_cast<double>(count));
        if (is_full && count == files_at_once) sweep();
      });
    });
  }

  void turn() {
    if (knows()) {
      sweep();
    } else {
      look(answer_promise{});
    }
    self->delayed_send(self, knows() ? file_sweep_interval : store_look_interval, flush_atom::value);
  }
};

} // namespace

file_keeper_actor::behavior_type file_keeper(file_keeper_actor::pointer self, file_keeper_env* env,
                                             persistence_actor persistence) {
  auto it = std::make_shared<keeper>(keeper{.self = self, .env = env, .persistence = std::move(persistence)});
  return {
      [it](tick_atom) {
        auto told = it->self->make_response_promise<blob_done>();
        it->look(told);
        it->self->delayed_send(it->self, store_look_interval, flush_atom::value);
        return told;
      },
      [it](flush_atom) { it->turn(); },
  };
}

} // namespace hongyan
