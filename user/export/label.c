/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A name is cut into components at each "::" outside of brackets, or, without
 * any, behind its last slash (Go's packages). A component's short form is what
 * its brackets do not hold; Rust's <Type as Trait> is its type.
 *
 * A Java method in a perf map is told by its arguments behind a name with dots:
 * "void java.lang.Thread.sleep(long)". A thread, "worker-100/101", is told by
 * its name, and the first of a process, whose name stands above, by its number.
 */
#include "export/label.h"

#include "base/alloc.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

enum { COMPONENTS_MAX = 32 }; /* of more, the last ones */

struct text {
	const char *at;
	size_t len;
};

static size_t count_columns(const char *text, size_t len)
{
	size_t count = 0;

	for (size_t i = 0; i < len; i++)
		count += (text[i] & 0xc0) != 0x80;
	return count;
}

static bool begins(struct text t, const char *with)
{
	size_t len = strlen(with);

	return t.len >= len && !memcmp(t.at, with, len);
}

/* "operator<<": its brackets are none, and nothing stands behind it. */
static bool is_operator(struct text t)
{
	size_t len = strlen("operator");

	return begins(t, "operator") && t.len > len && strchr("<>()[]-+*/%&|^~!=, ", t.at[len]);
}

/* What the character at @i does to the depth of brackets. */
static int turn(struct text t, size_t i)
{
	if (strchr("<([{", t.at[i]))
		return 1;
	if (t.at[i] == '>' && i && t.at[i - 1] == '-') /* Rust: fn() -> T */
		return 0;
	return strchr(">)]}", t.at[i]) ? -1 : 0;
}

/* Where the component that begins @t ends: before "::" or, if @as, " as ". */
static size_t component_end(struct text t, bool as)
{
	int depth = 0;

	if (is_operator(t))
		return t.len;
	for (size_t i = 0; i < t.len; i++) {
		struct text rest = { t.at + i, t.len - i };

		if (!depth && (as ? begins(rest, " as ") : begins(rest, "::")))
			return i;
		depth += turn(t, i);
	}
	return t.len;
}

/* The last components of a name; returns how many. */
static size_t cut(struct text name, struct text parts[COMPONENTS_MAX])
{
	size_t count = 0;

	for (;;) {
		size_t end = component_end(name, false);

		if (count == COMPONENTS_MAX)
			memmove(parts, parts + 1, --count * sizeof(*parts));
		parts[count++] = (struct text){ name.at, end };
		if (name.len - end <= 2)
			return count;
		name = (struct text){ name.at + end + 2, name.len - end - 2 };
	}
}

static void add_short(struct text part, struct strbuf *out);

/* <Type as Trait>, <Type>: the type's last component. False: there is none. */
static bool add_type(struct text part, struct strbuf *out)
{
	struct text type = { part.at + 1, part.len - 2 }, parts[COMPONENTS_MAX];
	size_t before = out->len;

	if (part.len < 3 || part.at[0] != '<' || part.at[part.len - 1] != '>')
		return false;
	type.len = component_end(type, true);
	type = parts[cut(type, parts) - 1];
	if (type.len && type.at[0] != '<')
		add_short(type, out);
	return out->len > before;
}

/* A component without what stands in its brackets; braces belong to a name. */
static void add_short(struct text part, struct strbuf *out)
{
	size_t before = out->len;
	int depth = 0;

	if (begins(part, "(anonymous namespace)")) {
		strbuf_puts(out, "(anon)");
		return;
	}
	if (is_operator(part)) {
		strbuf_add(out, part.at, part.len);
		return;
	}
	if (add_type(part, out))
		return;
	for (size_t i = 0; i < part.len; i++) {
		int step = strchr("{}", part.at[i]) ? 0 : turn(part, i);

		if (!depth && !step)
			strbuf_putc(out, part.at[i]);
		depth += depth + step < 0 ? 0 : step;
	}
	/* a name of nothing but brackets: <[T]> */
	if (out->len == before)
		strbuf_add(out, part.at, part.len);
}

/* "…" and what follows the last slash: Go's "…/http.(*conn).serve". False: does not fit. */
static bool add_behind_slash(const char *name, size_t len, size_t columns, struct strbuf *out)
{
	const char *slash = memrchr(name, '/', len);
	size_t rest = slash ? len - (size_t)(slash - name) : 0;

	/* what has spaces is something else, such as node's "JS:*f /path/file.js:1:2" */
	if (rest < 2 || memchr(name, ' ', len) || 1 + count_columns(slash, rest) > columns)
		return false;
	strbuf_puts(out, "…");
	strbuf_add(out, slash, rest);
	return true;
}

/* The beginning, and "…" if that is not all. */
static void add_head(const char *text, size_t len, size_t columns, struct strbuf *out)
{
	size_t count = 0, end = 0;

	if (count_columns(text, len) <= columns) {
		strbuf_add(out, text, len);
		return;
	}
	for (; end < len; end++)
		if ((text[end] & 0xc0) != 0x80 && count++ == columns - 1)
			break;
	strbuf_add(out, text, end);
	strbuf_puts(out, "…");
}

/* Whether arguments follow its first word; Go's receivers stand behind a path. */
static bool has_brackets(const char *name, size_t len)
{
	for (size_t i = 0; i < len && name[i] != ' ' && name[i] != '/'; i++)
		if (name[i] == '<' || name[i] == '(')
			return true;
	return false;
}

static bool fits(struct text t, size_t columns)
{
	return count_columns(t.at, t.len) <= columns;
}

/* What of @t stands behind the last @mark; all of it if there is none. */
static struct text behind(struct text t, char mark)
{
	const char *found = memrchr(t.at, mark, t.len);
	size_t skipped = found ? (size_t)(found + 1 - t.at) : 0;

	return (struct text){ t.at + skipped, t.len - skipped };
}

/* "void java.lang.Thread.sleep(long)": as "java.lang.Thread.sleep", "Thread.sleep", "sleep". */
static bool add_java(struct text name, size_t columns, struct strbuf *out)
{
	const char *arguments = memchr(name.at, '(', name.len);
	struct text method, function, type;

	if (!arguments || name.at[name.len - 1] != ')')
		return false;
	name.len = (size_t)(arguments - name.at);
	method = behind(name, ' ');
	function = behind(method, '.');
	if (method.len == name.len || function.len == method.len || !function.len)
		return false;
	type = behind((struct text){ method.at, method.len - function.len - 1 }, '.');
	type.len += 1 + function.len;
	method = fits(method, columns) ? method : fits(type, columns) ? type : function;
	add_head(method.at, method.len, columns, out);
	return true;
}

/* How many digits @t ends with. */
static size_t digits_at_end(struct text t)
{
	size_t count = 0;

	while (count < t.len && isdigit((unsigned char)t.at[t.len - 1 - count]))
		count++;
	return count;
}

/* "worker-100/101": as "worker/101", "worker", "wor…"; "server-100/100" as "…/100", "server". */
static bool add_thread(struct text name, size_t columns, struct strbuf *out)
{
	size_t tid = digits_at_end(name), pid;
	struct text comm = name, number;

	if (!tid || tid + 1 >= name.len || name.at[name.len - tid - 1] != '/')
		return false;
	comm.len -= tid + 1;
	number = (struct text){ comm.at + comm.len, tid + 1 };
	pid = digits_at_end(comm);
	if (!pid || pid + 1 >= comm.len || comm.at[comm.len - pid - 1] != '-')
		return false;
	comm.len -= pid + 1;
	if (count_columns(comm.at, comm.len) + number.len <= columns) {
		strbuf_add(out, comm.at, comm.len);
		strbuf_add(out, number.at, number.len);
	} else if (pid == tid && !memcmp(comm.at + comm.len + 1, number.at + 1, tid) &&
		   number.len < columns) {
		strbuf_puts(out, "…");
		strbuf_add(out, number.at, number.len);
	} else {
		add_head(comm.at, comm.len, columns, out);
	}
	return true;
}

void label_fit(const char *name, size_t len, size_t columns, struct strbuf *out)
{
	struct text parts[COMPONENTS_MAX];
	struct strbuf sb = STRBUF_INIT;
	size_t count;

	if (count_columns(name, len) <= columns) {
		strbuf_add(out, name, len);
		return;
	}
	if (add_thread((struct text){ name, len }, columns, out) ||
	    add_java((struct text){ name, len }, columns, out))
		return;
	count = cut((struct text){ name, len }, parts);
	if (count == 1 && !has_brackets(name, len)) {
		if (!add_behind_slash(name, len, columns, out))
			add_head(name, len, columns, out);
		return;
	}
	for (size_t from = 0; from < count; from++) {
		strbuf_clear(&sb);
		if (from || parts[0].at != name)
			strbuf_puts(&sb, "…::");
		for (size_t i = from; i < count; i++) {
			strbuf_puts(&sb, i > from ? "::" : "");
			add_short(parts[i], &sb);
		}
		if (!strbuf_error(&sb) && count_columns(sb.buf, sb.len) <= columns)
			break;
		if (from + 1 < count)
			continue;
		strbuf_clear(&sb);
		add_short(parts[from], &sb);
	}
	out->failed |= sb.failed;
	if (!strbuf_error(&sb))
		add_head(sb.buf, sb.len, columns, out);
	strbuf_release(&sb);
}
