# The server with a patch: a tree for all, which stays (a worktree of git's), so that each patch costs the compiling of a
# file or two. Sourced, after lib.sh.

patched_home=$root/build/patched
patched_server=$patched_home/build/hongyan

# prepare_tree: the last commit, with the changes to it that are not committed.
prepare_tree() {
  local changed
  mkdir -p "$patched_home"
  git worktree prune
  changed=$(git stash create)
  if [ -d "$patched_home/tree" ]; then
    git -C "$patched_home/tree" checkout -q --force --detach "${changed:-$(git rev-parse HEAD)}"
  else
    git worktree add -q --detach "$patched_home/tree" "${changed:-HEAD}"
  fi
}

patch_tree() { git -C "$patched_home/tree" apply "$@"; }

# build_patched NAME [TARGET...]: the tree as it is, into $patched_server, or these targets.
build_patched() {
  local name=$1
  shift
  if ! { cmake -S "$patched_home/tree" -B "$patched_home/build" -G Ninja -DCMAKE_BUILD_TYPE=RelWithDebInfo &&
    cmake --build "$patched_home/build" --target "${@:-hongyan}"; } >"$patched_home/$name.build.log" 2>&1; then
    tail -n 40 "$patched_home/$name.build.log" >&2
    say "$name does not build; all of it is in $patched_home/$name.build.log"
    exit 1
  fi
}
