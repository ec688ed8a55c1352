/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the picture does in a browser: zoom, search, tooltips, legend. Without
 * it the picture is complete but still.
 *
 * Every frame is a g.f with title, rect and perhaps text; its title is the
 * name, then what the tooltip says. The g's around them are rows. Positions
 * are kept as fractions of the root's width.
 */
(function () {
'use strict';
var svg = document.currentScript ? document.currentScript.ownerSVGElement :
	document.documentElement;
var NS = 'http://www.w3.org/2000/svg';
var PAD = 10, TEXT = 6.7;
var unit = svg.getAttribute('data-unit'), total = +svg.getAttribute('data-total');
var width = svg.viewBox.baseVal.width, height = svg.viewBox.baseVal.height;
var frames = [], view = { x: 0, w: 1 }, matched = null;
var top = svg.getElementById('frames');

function make(name, attributes, parent) {
	var e = document.createElementNS(NS, name);
	for (var a in attributes)
		e.setAttribute(a, attributes[a]);
	if (parent)
		parent.appendChild(e);
	return e;
}

/* Boxes are drawn with a gap behind them; as in svg.c. */
function gap(w) {
	return w > 2 ? w - 0.6 : w * 0.7;
}

function ungap(w) {
	return w > 1.4 ? w + 0.6 : w / 0.7;
}

function load() {
	var rows = top.children, inner = width - 2 * PAD;
	for (var d = 0; d < rows.length; d++) {
		for (var g = rows[d].firstElementChild; g; g = g.nextElementSibling) {
			var title = g.firstElementChild, rect = title.nextElementSibling;
			var said = title.textContent, end = said.indexOf('\n');
			var f = {
				g: g, rect: rect, text: rect.nextElementSibling, depth: d,
				name: said.slice(0, end), said: said.slice(end + 1),
				x: (+rect.getAttribute('x') - PAD) / inner,
				w: ungap(+rect.getAttribute('width')) / inner,
				merged: g.classList.contains('m'), shown: true
			};
			/* the browser's own tooltip would come on top of ours */
			g.removeChild(title);
			g.frame = f;
			frames.push(f);
		}
	}
}

/* As in label.c, which see. */
function isOperator(s) {
	return /^operator[<>()[\]\-+*\/%&|^~!=, ]/.test(s);
}

function turn(s, i) {
	if ('<([{'.indexOf(s[i]) >= 0)
		return 1;
	if (s[i] === '>' && s[i - 1] === '-')
		return 0;
	return '>)]}'.indexOf(s[i]) >= 0 ? -1 : 0;
}

function componentEnd(s, at) {
	var depth = 0;
	for (var i = isOperator(s) ? s.length : 0; i < s.length; i++) {
		if (!depth && s.substr(i, at.length) === at)
			return i;
		depth += turn(s, i);
	}
	return s.length;
}

function cut(s) {
	for (var parts = [], end;; s = s.slice(end + 2)) {
		end = componentEnd(s, '::');
		parts.push(s.slice(0, end));
		if (s.length - end <= 2)
			return parts;
	}
}

function shortType(s) {
	if (s.length < 3 || s[0] !== '<' || s[s.length - 1] !== '>')
		return '';
	s = s.slice(1, -1);
	s = cut(s.slice(0, componentEnd(s, ' as '))).pop();
	return s && s[0] !== '<' ? short(s) : '';
}

function short(s) {
	var out = '', depth = 0;
	if (s.indexOf('(anonymous namespace)') === 0)
		return '(anon)';
	if (isOperator(s))
		return s;
	if (shortType(s))
		return shortType(s);
	for (var i = 0; i < s.length; i++) {
		var step = '{}'.indexOf(s[i]) >= 0 ? 0 : turn(s, i);
		if (!depth && !step)
			out += s[i];
		depth += depth + step < 0 ? 0 : step;
	}
	return out || s;
}

function head(s, columns) {
	var points = Array.from(s);
	return points.length <= columns ? s : points.slice(0, columns - 1).join('') + '…';
}

function size(s) {
	return Array.from(s).length;
}

function java(method, columns) {
	var type = method.split('.').slice(-2).join('.');
	return size(method) <= columns ? method : size(type) <= columns ? type :
		head(method.split('.').pop(), columns);
}

function thread(comm, pid, tid, columns) {
	if (size(comm) + 1 + tid.length <= columns)
		return comm + '/' + tid;
	return pid === tid && tid.length + 2 <= columns ? '…/' + tid : head(comm, columns);
}

function label(name, columns) {
	var all = cut(name), parts = all.slice(-32), said;
	if (size(name) <= columns)
		return name;
	if ((said = /^(.+)-([0-9]+)\/([0-9]+)$/.exec(name)))
		return thread(said[1], said[2], said[3], columns);
	if ((said = /^[^(]* ([^( ]*\.[^(. ]+)\(.*\)$/.exec(name)))
		return java(said[1], columns);
	if (parts.length === 1 && !/^[^<( \/]*[<(]/.test(name)) {
		said = '…' + name.slice(name.lastIndexOf('/'));
		return name.lastIndexOf('/') >= 0 && name.slice(-1) !== '/' &&
			name.indexOf(' ') < 0 && size(said) <= columns ? said : head(name, columns);
	}
	parts = parts.map(short);
	for (var i = 0; i < parts.length; i++) {
		said = (i || all.length > 32 ? '…::' : '') + parts.slice(i).join('::');
		if (size(said) <= columns)
			return said;
	}
	return head(parts.pop(), columns);
}

function fit(f, w) {
	var columns = Math.floor((w - 6) / TEXT), name = f.name.replace(/_\[[ki]\]$/, '');
	if (f.merged || columns < 3) {
		if (f.text)
			f.text.textContent = '';
		return;
	}
	if (!f.text)
		f.text = make('text', { y: 12 }, f.g);
	f.text.textContent = label(name, columns);
}

function place(f) {
	var inner = width - 2 * PAD, from = (f.x - view.x) / view.w, to = from + f.w / view.w;
	var e = 1e-7 / view.w, below = from < e && to > 1 - e && f.w > view.w * (1 + e);
	var shown = below || (to > e && from < 1 - e);
	var x = Math.max(from, 0) * inner, w = Math.min(to, 1) * inner - x;
	if (w < 0.1)
		shown = false;
	if (shown !== f.shown) {
		f.g.style.display = shown ? '' : 'none';
		f.shown = shown;
	}
	if (!shown)
		return;
	f.rect.setAttribute('x', (PAD + x).toFixed(2));
	f.rect.setAttribute('width', gap(w).toFixed(2));
	f.g.classList.toggle('below', below);
	fit(f, w);
	if (f.text)
		f.text.setAttribute('x', (PAD + x + 3).toFixed(2));
}

function draw() {
	for (var i = 0; i < frames.length; i++)
		place(frames[i]);
	reset.style.display = view.w < 1 ? '' : 'none';
	say();
}

function zoom(f) {
	view = f && f.depth ? { x: f.x, w: f.w } : { x: 0, w: 1 };
	hide();
	draw();
}

/* Search and legend: a test says which frames; their width counts once. */
function mark(test) {
	var found = [], i;
	matched = null;
	for (i = 0; i < frames.length; i++) {
		var yes = test && test(frames[i]);
		frames[i].g.classList.toggle('hit', !!yes);
		if (yes)
			found.push(frames[i]);
	}
	top.classList.toggle('dim', !!test);
	if (test)
		matched = found.sort(function (a, b) { return a.x - b.x || b.w - a.w; });
	say();
}

function covered(from, to) {
	var sum = 0, end = from;
	for (var i = 0; i < matched.length; i++) {
		var a = Math.max(matched[i].x, end), b = Math.min(matched[i].x + matched[i].w, to);
		if (b > a) {
			sum += b - a;
			end = b;
		}
	}
	return sum;
}

function share(x) {
	x *= 100;
	return (x > 99.5 && x < 100 ? Math.min(x, 99.9).toFixed(1) : x >= 9.95 ? x.toFixed(0) :
		x >= 0.995 ? x.toFixed(1) : x.toFixed(2)) + ' %';
}

function amount(x) {
	var v = x * total, units = [[1e9, ' s'], [1e6, ' ms'], [1e3, ' µs'], [1, ' ns']];
	if (unit !== 'ns')
		return Math.round(v) + ' ' + unit;
	for (var i = 0; i < 3 && v < units[i][0]; i++)
		;
	return (v / units[i][0]).toPrecision(3) + units[i][1];
}

function say() {
	var words = '';
	if (matched) {
		var all = covered(0, 1);
		words = matched.length ? share(all) + ' matched, ' + amount(all) : 'nothing matched';
		if (matched.length && view.w < 1)
			words += '; ' + share(covered(view.x, view.x + view.w) / view.w) +
				' of what is shown';
	}
	result.textContent = words;
	clear.style.display = matched ? '' : 'none';
}

function search(text) {
	var re;
	legend(null);
	if (!text)
		return mark(null);
	try {
		re = new RegExp(text, 'i');
	} catch (e) {
		re = new RegExp(text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'), 'i');
	}
	mark(function (f) { return !f.merged && re.test(f.name); });
}

function legend(entry) {
	var entries = svg.querySelectorAll('.entry'), kind;
	for (var i = 0; i < entries.length; i++)
		entries[i].classList.toggle('chosen', entries[i] === entry);
	if (!entry)
		return;
	input.value = '';
	kind = entry.getAttribute('data-kind');
	mark(function (f) { return f.g.classList.contains(kind); });
	/* what leads there stays visible as well */
	for (i = 0; i < frames.length; i++)
		frames[i].g.classList.toggle('way', covered(frames[i].x,
			frames[i].x + frames[i].w) > 0);
}

var tip = make('g', { 'class': 'tip' }, svg), tipped = null;
var tipBox = make('rect', { rx: 4 }, tip), tipText = make('text', {}, tip);

function hide() {
	tip.style.display = 'none';
	tipped = null;
}

function lines(f) {
	var out = [], name = f.name;
	for (; name.length > 90; name = name.slice(90))
		out.push(name.slice(0, 90));
	out.push(name);
	return out.concat(f.said.split('\n')).concat(view.w < 1 && f.w < view.w ?
		[share(f.w / view.w) + ' of what is shown'] : []);
}

function show(f, event) {
	var m = svg.getScreenCTM(), x = (event.clientX - m.e) / m.a, y = (event.clientY - m.f) / m.d;
	var box, bottom = (document.documentElement.clientHeight - m.f) / m.d;
	if (f !== tipped) {
		tipped = f;
		tipText.textContent = '';
		lines(f).forEach(function (line, i) {
			make('tspan', { x: 8, dy: i ? 15 : 17 }, tipText).textContent = line;
		});
		tip.style.display = '';
		box = tipText.getBBox();
		tipBox.setAttribute('width', box.width + 16);
		tipBox.setAttribute('height', box.height + 12);
	}
	box = tipBox.getBBox();
	x = Math.max(2, Math.min(x + 12, width - box.width - 2));
	y = y + 18 + box.height > Math.min(bottom, height) ? y - box.height - 8 : y + 18;
	tip.setAttribute('transform', 'translate(' + x + ',' + Math.max(y, 2) + ')');
}

function frameAt(event) {
	var g = event.target.closest ? event.target.closest('g.f') : null;
	return g && g.frame;
}

function button(words, x, act) {
	var g = make('g', { 'class': 'button', tabindex: 0, role: 'button' }, svg);
	make('rect', { width: words.length * 6.6 + 16, height: 22, rx: 4 }, g);
	make('text', { x: 8, y: 15 }, g).textContent = words;
	g.addEventListener('click', act);
	g.addEventListener('keydown', function (e) {
		if (e.key === 'Enter')
			act();
	});
	g.right = x;
	return g;
}

var holder = make('foreignObject', { y: 12, width: 210, height: 24 }, svg);
var input = document.createElementNS('http://www.w3.org/1999/xhtml', 'input');
input.setAttribute('placeholder', 'search: regex (Ctrl-F)');
input.setAttribute('class', 'search');
holder.appendChild(input);
var result = make('text', { 'class': 'result', y: 50, 'text-anchor': 'end' }, svg);
var clear = button('clear', 300, function () {
	input.value = '';
	search('');
});
var reset = button('reset zoom', 392, function () { zoom(null); });

/* As wide as the window, if the picture is all there is in it. */
function resize() {
	if (document.documentElement === svg)
		width = Math.max(document.documentElement.clientWidth || window.innerWidth, 800);
	svg.setAttribute('width', width);
	svg.setAttribute('viewBox', '0 0 ' + width + ' ' + height);
	holder.setAttribute('x', width - PAD - 210);
	result.setAttribute('x', width - PAD);
	[clear, reset].forEach(function (b) {
		b.setAttribute('transform', 'translate(' + (width - b.right) + ',12)');
	});
	draw();
}

load();
hide();
resize();
svg.classList.add('live');
window.addEventListener('resize', resize);
input.addEventListener('input', function () { search(input.value); });
top.addEventListener('mousemove', function (e) {
	var f = frameAt(e);
	if (f)
		show(f, e);
	else
		hide();
});
top.addEventListener('mouseleave', hide);
svg.addEventListener('click', function (e) {
	var f = frameAt(e), entry = e.target.closest ? e.target.closest('.entry') : null;
	if (f && !f.merged) {
		zoom(f);
	} else if (entry) {
		if (entry.classList.contains('chosen'))
			search('');
		else
			legend(entry);
	}
});
window.addEventListener('keydown', function (e) {
	if ((e.ctrlKey || e.metaKey) && e.key === 'f' && document.activeElement !== input) {
		e.preventDefault();
		input.focus();
		input.select();
	} else if (e.key === '/' && document.activeElement !== input) {
		e.preventDefault();
		input.focus();
	} else if (e.key === 'Escape') {
		if (matched) {
			input.value = '';
			search('');
			input.blur();
		} else {
			zoom(null);
		}
	}
});
})();
