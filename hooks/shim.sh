#!/bin/sh
@MARK@
# Asks git whether a migration or a model is in the change, and starts lback only then.
# lback failing never fails git: only a finding stops pre-commit or pre-push (--no-verify passes).
# LBACK_SKIP=1 skips lback; a hook that was here before lback still runs first.
# Written by `lback hooks install`, removed by `lback hooks uninstall`. Not meant to be edited.

hook=@HOOK@
python=@PYTHON@
home=@HOME@

kept=${0%/*}/@KEPT@
# What this very git has asked pre-commit about a moment ago is not asked again. An older git may
# have had the same number: one that made no commit, and what another takes into the index is newer.
idle=${GIT_DIR:-.git}/lback-idle
if [ $hook = post-commit ] && [ ! -e "$kept" ] && [ "$idle" -nt "${GIT_DIR:-.git}/index" ] &&
	read -r pid <"$idle" && [ "$pid" = "$PPID" ]; then
	: >"$idle"
	exit 0
fi 2>/dev/null

# What counts as relevant, in git's own words; filled in when the hook is installed.
unchanged() {
	git diff --quiet --no-ext-diff "$@" -- @WATCHED@
}
untracked() {
	git ls-files --others --exclude=__pycache__/ -- @LOOSE@
}
newer_than_folders() {
	for folder in @FOLDERS@; do
		[ -d "$folder" ] && [ "$1" -nt "$folder" ] || return 1
	done
}

quit() {
	exit "${kept_status:-0}"
}

newline='
'
# Only these two hooks get standard input; it is read once and given to both readers.
# Nearly always it is one line, which costs no child.
case $hook in
post-rewrite | pre-push)
	if IFS= read -r input && IFS= read -r line; then
		input=$input$newline$line$newline$(cat)
		input=${input%"$newline"}
	fi
	;;
esac
with_input() {
	case $hook in
	post-rewrite | pre-push) if [ -n "$input" ]; then printf '%s\n' "$input" 2>/dev/null; fi | "$@" ;;
	*) "$@" ;;
	esac
}

if [ -f "$kept" ] && [ -x "$kept" ]; then
	with_input "$kept" "$@"
	kept_status=$?
	case $hook in
	pre-*) [ "$kept_status" -eq 0 ] || quit ;;
	esac
fi

case ${LBACK_SKIP:-0} in
0) ;;
*) quit ;;
esac
unset GIT_LITERAL_PATHSPECS GIT_GLOB_PATHSPECS GIT_NOGLOB_PATHSPECS GIT_ICASE_PATHSPECS

# What a checkout has just put into the work tree is not run: neither a program that a relative
# entry of PATH (`node_modules/.bin`, `.`) leads to, nor what such an entry of PYTHONPATH would
# make Python start with, nor an environment of which a branch has brought a part.
clean() { # $1: folders with colons between them; $2: the work tree, where its folders go, too
	cleaned= rest=$1:
	while [ -n "$rest" ]; do
		entry=${rest%%:*} rest=${rest#*:}
		case $entry in /*) ;; *) continue ;; esac
		[ -z "$2" ] || real=$(cd -P -- "$entry" 2>/dev/null && pwd -P) || real=$entry
		case ${2:+$real/} in "${2:-none}"/*) ;; *) cleaned=${cleaned:+$cleaned:}$entry ;; esac
	done
}
case :${PATH-}: in
*::* | *:[!/]*)
	clean "$PATH" "" && PATH=$cleaned
	;;
esac
if [ -n "${PYTHONPATH-}" ]; then
	case $PYTHONPATH in *\;*) ;; *) clean "$PYTHONPATH" "$(pwd -P)" && PYTHONPATH=$cleaned ;; esac
fi
brought() { # $1: a program; git puts tracked files over ignored ones
	bin=$(cd -P -- "${1%/*}" 2>/dev/null && pwd -P) || return 1
	[ -n "$(git --literal-pathspecs ls-files -- "$bin" "${bin%/*}/pyvenv.cfg" "${bin%/*}/lib" "${bin%/*}/lib64" 2>/dev/null)" ]
}

is_null() { # the id that git gives for "no commit": zeros, 40 or 64 of them
	case $1 in *[!0]*) return 1 ;; esac
}

commits_something() {
	unchanged HEAD~ HEAD
	case $? in
	0) return 1 ;;
	1) ;;
	*) ! unchanged "$(git hash-object -t tree /dev/null)" HEAD ;; # the first commit has no parent
	esac
}

rebasing() {
	git_dir=$(git rev-parse --git-dir)
	[ -d "$git_dir/rebase-merge" ] || [ -d "$git_dir/rebase-apply" ]
}

# Each returns 0 when lback has something to look at. A question that git cannot answer counts as yes.
# A script with Windows line ends that calls this adds a carriage return to the last argument.
relevant_pre_commit() {
	looked=${GIT_DIR:-.git}/lback-looked
	let_go=${GIT_DIR:-.git}/ORIG_HEAD
	if unchanged --cached; then
		# Looking through 10,000 files takes 10 ms; that can be left out while no version folder
		# has got a file since the last look, and no `git reset` has let go of one.
		[ "$PPID" -le 1 ] || printf '%s\n' "$PPID" >"$idle" # 1 tells nobody apart
		if newer_than_folders "$looked" && { [ ! -e "$let_go" ] || [ "$looked" -nt "$let_go" ]; }; then
			return 1
		fi
		printf '' >"$looked" # first: what comes while git looks is newer
		[ -n "$(untracked)" ] || return 1
	fi
	rm -f "$looked"
}

relevant_post_commit() { # also of a cherry-pick and a revert; post-rewrite speaks at the end of a rebase
	commits_something || return 1
	# Mostly pre-commit has looked at these very files.
	if read -r tree <"${GIT_DIR:-.git}/lback-checked"; then
		[ "$tree" != "$(git rev-parse 'HEAD^{tree}')" ] || return 1
	fi
	! rebasing
}

relevant_post_applypatch() { # a rebase applies patches as well
	[ ! -e "${GIT_DIR:-.git}/rebase-apply/rebasing" ] && commits_something
}

relevant_post_merge() { # $1: 1 for a squash merge, which moves nothing but the index
	case $1 in
	1*) ! unchanged --cached ;;
	*) ! unchanged ORIG_HEAD HEAD ;;
	esac
}

relevant_post_checkout() { # $1 from, $2 to, $3: 1 for a branch, 0 for files
	case $3 in 1*) [ "$1" != "$2" ] || return 1 ;; *) return 1 ;; esac
	! is_null "$1" || return 1 # a clone or a new work tree: nothing was here before
	! unchanged "$1" "$2" || return 1
	# A rebase visits its base and comes back: post-rewrite speaks at its end, unless there is nothing
	# to replay: it only fast-forwards, or drops what was here for what somebody has rewritten.
	! rebasing || git merge-base --is-ancestor "$1" "$2" || replays_nothing
}

replays_nothing() {
	read -r done <"$git_dir/rebase-merge/done" && [ "$done" = noop ]
}

relevant_post_rewrite() { # $1: amend or rebase; standard input: "old new" lines
	old=${input##*"$newline"}
	old=${old%% *}
	[ -n "$old" ] || old='HEAD@{1}' # another hook manager did not pass the lines on
	case $1 in
	amend*)
		! unchanged "$old" HEAD || return 1
		! rebasing
		;;
	*)
		! unchanged ORIG_HEAD HEAD || {
			# A command run by an interactive rebase may have moved ORIG_HEAD; mostly it has not.
			read -r tip <"${GIT_DIR:-.git}/ORIG_HEAD"
			[ "$tip" != "$old" ] && ! unchanged "$old" HEAD
		}
		;;
	esac
}

relevant_pre_push() { # $1 remote's name; standard input: "local-ref local-id remote-ref remote-id" lines
	asked=0
	while read -r _ new ref old; do
		case $ref in refs/heads/* | refs/for/*) ;; *) continue ;; esac
		! is_null "$new" || continue # deletes a branch
		asked=$((asked + 1))
		[ "$asked" -le 8 ] || return 0 # cheaper to start lback than to go on asking
		if is_null "$old"; then
			unchanged "refs/remotes/$1/HEAD...$new" || return 0
		else
			unchanged "$old" "$new" || return 0
		fi
	done <<-LINES
		$input
	LINES
	return 1
}

case $hook in
pre-commit) relevant_pre_commit ;;
post-commit) relevant_post_commit ;;
post-applypatch) relevant_post_applypatch ;;
post-merge) relevant_post_merge "$@" ;;
post-checkout) relevant_post_checkout "$@" ;;
post-rewrite) relevant_post_rewrite "$@" ;;
pre-push) relevant_pre_push "$@" ;;
esac 2>/dev/null || quit

# Not `-m lback`: that would import a stranger's lback.py or types.py from the work tree just
# checked out. Its exit status: 10 a finding (1 is also what a Python that cannot start gives),
# 11 no lback here, 12 failed and said so in one line.
program='
import sys
sys.path[:] = [entry for entry in sys.path if entry] + [sys.argv.pop(1)]
try:
    from importlib.util import find_spec
    try:
        found = find_spec("lback.vcs")
    except ModuleNotFoundError:
        found = None
    if found is None:
        sys.exit(11)
    import runpy
    runpy.run_module("lback", run_name="__main__", alter_sys=True)
except SystemExit as stop:
    sys.exit(10 if stop.code == 1 else stop.code)
except KeyboardInterrupt:
    sys.exit(130)
except Exception as error:
    said = ascii((str(error).splitlines() or [""])[0])[1:-1]  # no control character acts
    sys.stderr.write("lback: %s: %s; hook skipped\n" % (type(error).__name__, said))
    sys.exit(12)
'
run() { # standard output of a hook belongs to git (`git push --porcelain`)
	case $hook in
	post-rewrite | pre-push) with_input "$@" >&2 ;;
	*) "$@" </dev/null >&2 ;; # nobody waits for an end that a graphical client never sends
	esac
}

status=11
if [ -x "$python" ]; then
	if brought "$python"; then
		printf 'lback: git tracks files of the environment of %s; %s skipped\n' "$python" "$hook" >&2
		quit
	fi
	run "$python" -c "$program" "$home" hook "$hook" "$@"
	status=$?
fi
if [ "$status" -eq 11 ] && other=$(command -v lback) && ! brought "$other" &&
	"$other" hook --help >/dev/null 2>&1; then
	run "$other" hook "$hook" "$@"
	status=$?
	[ "$status" -ne 1 ] || status=10
fi
if [ "$status" -eq 11 ] && other=$(command -v python3) && ! brought "$other"; then
	run "$other" -c "$program" "$home" hook "$hook" "$@"
	status=$?
fi

case $hook$status in
pre-commit0) git write-tree >"${GIT_DIR:-.git}/lback-checked" ;;
esac 2>/dev/null
case $status in
0 | 12) ;;
10) case $hook in pre-*) exit 1 ;; esac ;;
11) printf "lback: not found with %s; %s skipped; run 'lback hooks install' again\n" "$python" "$hook" >&2 ;;
*) printf "lback: ended with status %s; %s skipped; run 'lback doctor'\n" "$status" "$hook" >&2 ;;
esac
quit
