/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * svg: a flame graph as one file that needs nothing else: a complete picture
 * for whatever shows SVG, and in a browser one that can be searched and zoomed
 * (svg.js). The root is on top, where reading begins; a frame's colour says
 * what the time in it mostly was.
 *
 * Text is in a monospaced font, so that it is known here what fits.
 */
#include "base/fmt.h"
#include "export/flame.h"
#include "export/label.h"
#include "export/palette.h"
#include "export/svg_layout.h"

#include <inttypes.h>
#include <string.h>

/* Made from svg.js and svg.css by the build. */
static const char script[] =
#include "export/svg.js.h"
	;
static const char style[] =
#include "export/svg.css.h"
	;

enum {
	WIDTH = 1200, /* px; the script fits it to the window */
	PAD = 10,
	ROW = 18, /* of frames, */
	BOX = 17, /* and a frame in it */
	LEGEND = 18, /* height of a line of the legend */
	LEGEND_TOP = 62,
	SIZE_MAX_FRAMES = 4 << 20, /* bytes; beyond that narrow frames are left out */
	LABEL_MIN = 3, /* columns; less says nothing */
};

static const double NARROWEST = 0.1; /* px */
static const double COLUMN = 6.7; /* px of a character at 11 px */

struct svg {
	const struct export_input *in;
	struct sink *out;
	struct flame flame;
	struct svg_layout layout;
	struct strbuf line; /* that is being written */
	bool failed; /* one before it: out of memory */
	uint32_t top; /* of the frames */
};

/* --- text -------------------------------------------------------------------- */

/* The line, empty. */
static struct strbuf *fresh(struct svg *s)
{
	s->failed |= strbuf_error(&s->line) != 0;
	strbuf_clear(&s->line);
	return &s->line;
}

/* As XML. fmt_text() has made it valid UTF-8 without controls; what remains
 * that XML 1.0 forbids are U+FFFE and U+FFFF. */
static void put_text(struct sink *out, const char *text, size_t len)
{
	size_t done = 0;

	for (size_t i = 0; i < len; i++) {
		const char *instead = NULL;
		size_t size = 1;

		if (text[i] == '&')
			instead = "&amp;";
		else if (text[i] == '<')
			instead = "&lt;";
		else if (text[i] == '>')
			instead = "&gt;";
		else if (text[i] == '"')
			instead = "&quot;";
		else if (len - i >= 3 && (!memcmp(text + i, "\xef\xbf\xbe", 3) ||
					  !memcmp(text + i, "\xef\xbf\xbf", 3))) {
			instead = "?";
			size = 3;
		}
		if (!instead)
			continue;
		sink_add(out, text + done, i - done);
		sink_puts(out, instead);
		i += size - 1;
		done = i + 1;
	}
	sink_add(out, text + done, len - done);
}

/* The name as it is drawn: kernel code is told by its slant. */
static size_t label_length(const char *name)
{
	size_t len = strlen(name);

	return len > 4 && !strcmp(name + len - 4, "_[k]") ? len - 4 : len;
}

/* By lock, it is what the holder did. */
static const char *kind_words(const struct svg *s, int kind)
{
	return s->in->by_lock && kind == CLASS_OTHER ? "other or not known" :
						       flame_kind_name(kind);
}

static void add_value(const struct svg *s, uint64_t value, struct strbuf *sb)
{
	if (s->in->weight != EXPORT_ONCPU) {
		fmt_ns(sb, value);
		return;
	}
	strbuf_addf(sb, "%" PRIu64 " sample%s", value, value == 1 ? "" : "s");
}

static void add_share(const struct svg *s, uint64_t value, struct strbuf *sb)
{
	fmt_share(sb, (double)value, (double)s->flame.nodes.at[0].total);
}

/* --- frames ------------------------------------------------------------------ */

static size_t frame_size(const struct flame *f, uint32_t node)
{
	/* the name stands in the tooltip whole and on the box in part */
	return 230 + strlen(intern_text(&f->names, f->nodes.at[node].name));
}

/* The largest parts of a frame that is made of several. */
static void add_kinds(const struct svg *s, const struct svg_box *b, struct strbuf *sb)
{
	uint64_t left[FLAME_KINDS];
	int parts = 0;

	memcpy(left, b->by_kind, sizeof(left));
	for (int kind = 0; kind < FLAME_KINDS; kind++)
		parts += left[kind] > 0;
	for (int n = 0; parts > 1 && n < 5; n++) {
		int largest = 0;

		for (int kind = 1; kind < FLAME_KINDS; kind++)
			if (left[kind] > left[largest])
				largest = kind;
		if (!left[largest])
			break;
		strbuf_addf(sb, "%s%s ", n ? ", " : "\n", kind_words(s, largest));
		fmt_share(sb, (double)left[largest], (double)b->value);
		left[largest] = 0;
	}
}

/* The tooltip: name, value and share, and what it is made of. */
static void put_title(struct svg *s, const struct svg_box *b)
{
	const struct flame *f = &s->flame;
	struct strbuf *sb = fresh(s);

	if (b->node == FLAME_NONE)
		strbuf_addf(sb, "… %u %s too narrow to draw", b->count,
			    b->count == 1 ? "frame" : "frames");
	else
		strbuf_puts(sb, intern_text(&f->names, f->nodes.at[b->node].name));
	strbuf_putc(sb, '\n');
	add_value(s, b->value, sb);
	strbuf_puts(sb, ", ");
	add_share(s, b->value, sb);
	add_kinds(s, b, sb);
	sink_puts(s->out, "<title>");
	put_text(s->out, sb->buf, sb->len);
	sink_puts(s->out, "</title>");
}

/* The one kind that all of a box is, or -1. */
static int only_kind(const struct svg_box *b)
{
	for (int kind = 0; kind < FLAME_KINDS; kind++)
		if (b->by_kind[kind])
			return b->by_kind[kind] == b->value ? kind : -1;
	return -1;
}

/* What the script and the style know of a box. */
static void put_class(struct svg *s, const struct svg_box *b)
{
	static const char *const places[] = {
		[FLAME_ROOT] = " t", [FLAME_TASK] = " t", [FLAME_USER] = "",
		[FLAME_KERNEL] = " k", [FLAME_LEAF] = "",
	};
	int kind = only_kind(b);

	sink_puts(s->out, "<g class=\"f");
	sink_puts(s->out, b->node == FLAME_NONE ? " m" :
					       places[s->flame.nodes.at[b->node].place]);
	if (kind >= 0)
		sink_addf(s->out, " l-%s", flame_kind_name(kind));
	sink_puts(s->out, "\">");
}

/* Boxes are drawn with a gap behind them; as in svg.js. */
static double with_gap(double width)
{
	return width > 2 ? width - 0.6 : width * 0.7;
}

static void put_box(struct svg *s, const struct svg_box *b)
{
	const struct flame *f = &s->flame;
	double inner = WIDTH - 2 * PAD, x = PAD + b->x * inner, width = b->width * inner;
	size_t columns = width > 6 ? (size_t)((width - 6) / COLUMN) : 0;
	enum flame_place place = FLAME_USER;
	const char *name = NULL;
	uint64_t hash = 0;
	struct color c;

	if (b->node != FLAME_NONE) {
		name = intern_text(&f->names, f->nodes.at[b->node].name);
		hash = hash_bytes(name, strlen(name));
		place = (enum flame_place)f->nodes.at[b->node].place;
	}
	c = palette_frame(b->by_kind, hash, place);
	put_class(s, b);
	put_title(s, b);
	sink_addf(s->out,
		  "<rect x=\"%.4f\" width=\"%.4f\" height=\"%d\" fill=\"#%02x%02x%02x\"/>", x,
		  with_gap(width), BOX, c.red, c.green, c.blue);
	if (name && columns >= LABEL_MIN) {
		sink_addf(s->out, "<text x=\"%.1f\" y=\"12\">", x + 3);
		label_fit(name, label_length(name), columns, fresh(s));
		put_text(s->out, s->line.buf, s->line.len);
		sink_puts(s->out, "</text>");
	}
	sink_puts(s->out, "</g>\n");
}

static void put_frames(struct svg *s)
{
	uint32_t depth = UINT32_MAX;

	sink_puts(s->out, "<g id=\"frames\">\n");
	for (size_t i = 0; i < s->layout.boxes.count; i++) {
		const struct svg_box *b = &s->layout.boxes.at[i];

		if (b->depth != depth) {
			if (i)
				sink_puts(s->out, "</g>\n");
			depth = b->depth;
			sink_addf(s->out, "<g transform=\"translate(0,%u)\">\n",
				  s->top + depth * ROW);
		}
		put_box(s, b);
	}
	sink_puts(s->out, "</g>\n</g>\n");
}

/* --- head -------------------------------------------------------------------- */

static void put_line(struct svg *s, double x, double y, const char *class,
		     const struct strbuf *text)
{
	sink_addf(s->out, "<text class=\"sans%s\" x=\"%g\" y=\"%g\">", class, x, y);
	put_text(s->out, text->buf, text->len);
	sink_puts(s->out, "</text>\n");
}

/* What was recorded: the command, or the processes. */
static void add_subject(const struct svg *s, struct strbuf *sb)
{
	enum { COLUMNS = 72 /* beside the search box */ };
	const struct result *r = s->in->result;
	const struct recording *rec = &r->recording;
	struct strbuf raw = STRBUF_INIT;

	if (rec->command_size) {
		strbuf_add(&raw, rec->command, rec->command_size);
		for (size_t i = 0; i + 1 < raw.len; i++)
			if (!raw.buf[i])
				raw.buf[i] = ' ';
	} else if (r->processes.count == 1) {
		strbuf_addf(&raw, "%s, process %u", r->processes.at[0].comm,
			    r->processes.at[0].tgid);
	} else {
		strbuf_addf(&raw, "%s%u processes", rec->whole_machine ? "whole machine, " : "",
			    r->process_count);
	}
	fmt_text(sb, raw.buf, COLUMNS);
	sb->failed |= raw.failed;
	strbuf_release(&raw);
}

/* What the width of the picture is. */
static void add_measure(const struct svg *s, struct strbuf *sb)
{
	static const char *const what[] = {
		[EXPORT_WALL] = "wall-clock time: ",
		[EXPORT_ONCPU] = "on-CPU: ",
		[EXPORT_OFFCPU] = "off-CPU time: ",
	};
	const struct result *r = s->in->result;

	strbuf_puts(sb, s->in->by_lock ? "waiting by lock: " : what[s->in->weight]);
	add_value(s, s->flame.nodes.at[0].total, sb);
	if (s->in->by_lock) {
		strbuf_puts(sb, ", recorded for ");
		fmt_ns(sb, r->duration_ns);
		strbuf_puts(sb, "; coloured by what its holder, or who ended it, did meanwhile");
		return;
	}
	if (s->in->weight == EXPORT_ONCPU) {
		strbuf_puts(sb, " in ");
		fmt_ns(sb, s->flame.run_ns);
	}
	strbuf_addf(sb, " of %u thread%s, recorded for ", s->flame.threads,
		    s->flame.threads == 1 ? "" : "s");
	fmt_ns(sb, r->duration_ns);
	if (s->flame.idle_ns) {
		strbuf_puts(sb, "; without ");
		fmt_ns(sb, s->flame.idle_ns);
		strbuf_puts(sb, " of idle");
	}
}

/* Losses that make widths wrong (@grave), or only stacks and wakers less telling. */
static void add_losses(const struct svg *s, bool grave, struct strbuf *sb)
{
	static const struct {
		enum wire_loss cause;
		bool grave;
		const char *what;
	} losses[] = {
		{ WIRE_LOSS_RING, true, "records" },
		{ WIRE_LOSS_RARE, true, "records of threads" },
		{ WIRE_LOSS_STORAGE, true, "threads" },
		{ WIRE_LOSS_MISSED, true, "switches" },
		{ WIRE_LOSS_STACK, false, "stacks" },
		{ WIRE_LOSS_WAKER, false, "wakers" },
	};
	const struct recording *rec = &s->in->result->recording;
	const char *before = grave ? "LOST: " : "lost: ";

	for (size_t i = 0; i < ARRAY_COUNT(losses); i++) {
		if (losses[i].grave != grave || !rec->loss[losses[i].cause])
			continue;
		strbuf_addf(sb, "%s%" PRIu64 " %s", before, rec->loss[losses[i].cause],
			    losses[i].what);
		before = ", ";
	}
}

static void put_head(struct svg *s)
{
	const struct recording *rec = &s->in->result->recording;
	struct strbuf *sb = fresh(s);
	size_t measured;

	add_subject(s, sb);
	sink_puts(s->out, "<title>");
	put_text(s->out, sb->buf, sb->len);
	sink_puts(s->out, "</title>\n");
	put_line(s, PAD, 26, " title", sb);
	fresh(s);
	add_measure(s, sb);
	measured = fmt_columns(sb->buf);
	put_line(s, PAD, 46, "", sb);
	fresh(s);
	add_losses(s, true, sb);
	if (rec->damaged_chunks)
		strbuf_addf(sb, "%s%u of %u chunks of the file damaged", sb->len ? "; " : "LOST: ",
			    rec->damaged_chunks, rec->chunks);
	if (!rec->complete)
		strbuf_addf(sb, "%sthe recording was cut off", sb->len ? "; " : "");
	if (sb->len)
		put_line(s, PAD + 20 + (double)measured * 6.2, 46, " alarm", sb);
}

/* What explains the picture, for those who ask. */
static void put_foot(struct svg *s)
{
	const struct recording *rec = &s->in->result->recording;
	struct strbuf *sb = fresh(s);

	if (s->flame.samples && s->in->weight == EXPORT_WALL)
		strbuf_addf(sb, "%" PRIu64 " samples at %u Hz tell where threads ran; ",
			    s->flame.samples, rec->frequency_hz);
	else if (s->in->weight == EXPORT_ONCPU)
		strbuf_addf(sb, "sampled at %u Hz; ", rec->frequency_hz);
	if (s->layout.hidden)
		strbuf_addf(sb, "%zu frames are too narrow to draw; ", s->layout.hidden);
	add_losses(s, false, sb);
	if (rec->loss[WIRE_LOSS_STACK] || rec->loss[WIRE_LOSS_WAKER])
		strbuf_puts(sb, "; ");
	strbuf_puts(sb, "recorded on Linux ");
	fmt_text(sb, rec->kernel, 0);
	strbuf_putc(sb, ' ');
	fmt_text(sb, rec->machine, 0);
	strbuf_puts(sb, " by runwait ");
	fmt_text(sb, rec->version, 0);
	put_line(s, PAD, s->top + s->layout.rows * ROW + 18, " dimmed", sb);
}

/* Kinds by their part, the largest first; returns how many have any. */
static int kinds_by_value(const uint64_t by_kind[FLAME_KINDS], int ret[FLAME_KINDS])
{
	int count = 0;

	for (int kind = 0; kind < FLAME_KINDS; kind++) {
		int at = count;

		if (!by_kind[kind])
			continue;
		for (; at && by_kind[ret[at - 1]] < by_kind[kind]; at--)
			ret[at] = ret[at - 1];
		ret[at] = kind;
		count++;
	}
	return count;
}

static void put_entry(struct svg *s, double x, double y, int kind, const struct strbuf *text)
{
	struct color c = palette_kind(kind);

	sink_addf(s->out, "<g class=\"entry\" data-kind=\"l-%s\">", flame_kind_name(kind));
	sink_addf(s->out,
		  "<rect x=\"%g\" y=\"%g\" width=\"11\" height=\"11\" fill=\"#%02x%02x%02x\"/>", x,
		  y - 10, c.red, c.green, c.blue);
	put_line(s, x + 16, y, "", text);
	sink_puts(s->out, "</g>\n");
}

/*
 * What the colours mean, with sums, on as many lines as that takes; without
 * @write only counts the lines.
 */
static uint32_t put_legend(struct svg *s, bool write)
{
	int kinds[FLAME_KINDS], count = kinds_by_value(s->layout.by_kind, kinds);
	double x = PAD, y = LEGEND_TOP + 12;
	uint32_t lines = count > 0;

	for (int i = 0; i < count; i++) {
		double width;

		fresh(s);
		strbuf_addf(&s->line, "%s ", kind_words(s, kinds[i]));
		add_value(s, s->layout.by_kind[kinds[i]], &s->line);
		strbuf_puts(&s->line, " (");
		add_share(s, s->layout.by_kind[kinds[i]], &s->line);
		strbuf_putc(&s->line, ')');
		width = 16 + (double)fmt_columns(s->line.buf) * 6.4 + 14;
		if (x + width > WIDTH - PAD) {
			x = PAD;
			y += LEGEND;
			lines++;
		}
		if (write)
			put_entry(s, x, y, kinds[i], &s->line);
		x += width;
	}
	return lines;
}

/* --- the file ---------------------------------------------------------------- */

static void put_all(struct svg *s)
{
	uint32_t height;

	s->top = LEGEND_TOP + put_legend(s, false) * LEGEND + 8;
	height = s->top + s->layout.rows * ROW + 28;
	sink_puts(s->out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
	sink_addf(s->out,
		  "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%u\" "
		  "viewBox=\"0 0 %d %u\" data-unit=\"%s\" data-total=\"%" PRIu64 "\">\n",
		  WIDTH, height, WIDTH, height,
		  s->in->weight == EXPORT_ONCPU ? "samples" : "ns",
		  s->flame.nodes.at[0].total);
	sink_puts(s->out, "<style>");
	sink_puts(s->out, style);
	sink_puts(s->out, "</style>\n<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n");
	put_head(s);
	put_legend(s, true);
	put_frames(s);
	put_foot(s);
	sink_puts(s->out, "<script><![CDATA[\n");
	sink_puts(s->out, script);
	sink_puts(s->out, "]]></script>\n</svg>\n");
}

static int svg_run(const struct export_input *in, struct sink *out)
{
	struct svg s = { .in = in, .out = out, .line = STRBUF_INIT };
	int error = flame_build(in, &s.flame);

	if (error)
		return error;
	error = svg_layout(&s.flame, NARROWEST / (WIDTH - 2 * PAD), SIZE_MAX_FRAMES, frame_size,
			   &s.layout);
	if (!error) {
		put_all(&s);
		fresh(&s);
		error = s.failed ? -ENOMEM : 0;
	}
	svg_layout_release(&s.layout);
	flame_release(&s.flame);
	strbuf_release(&s.line);
	return error;
}

const struct exporter export_svg = {
	.name = "svg",
	.run = svg_run,
};
