/* SPDX-License-Identifier: GPL-2.0-only */
/* What stands on a box of a flame graph that is too narrow for the whole name. */
#include "export/label.h"

#include "base/alloc.h"
#include "oom.h"
#include "unit.h"

#include <stdlib.h>
#include <string.h>

static void assert_label(const char *name, size_t columns, const char *expected)
{
	struct strbuf sb = STRBUF_INIT;

	label_fit(name, strlen(name), columns, &sb);
	assert_string_equal(sb.buf, expected);
	strbuf_release(&sb);
}

static void a_name_that_fits_is_shown_whole(void **state)
{
	(void)state;
	assert_label("main", 4, "main");
	assert_label("a::b<c>::d", 10, "a::b<c>::d");
	assert_label("größe", 5, "größe");
}

static void template_arguments_go_first_and_then_the_outer_names(void **state)
{
	static const char name[] = "shop::cart<std::vector<int, std::allocator<int> > >::take";

	(void)state;
	assert_label(name, 56, "shop::cart::take");
	assert_label(name, 16, "shop::cart::take");
	assert_label(name, 15, "…::cart::take");
	assert_label(name, 12, "…::take");
	assert_label(name, 7, "…::take");
	assert_label(name, 6, "take");
	assert_label(name, 3, "ta…");
	assert_label("f<a, b>(int)", 11, "f");
	assert_label("(anonymous namespace)::step<3>", 20, "(anon)::step");
	assert_label("(anonymous namespace)::step<3>", 8, "…::step");
}

static void operators_and_lambdas_keep_their_brackets(void **state)
{
	(void)state;
	assert_label("std::map<int, int>::operator[]", 25, "std::map::operator[]");
	assert_label("x::y<z>::operator<<", 18, "x::y::operator<<");
	assert_label("x::y<z>::operator->", 15, "…::operator->");
	assert_label("main::{lambda(int)#1}::operator()", 32, "main::{lambda#1}::operator()");
	assert_label("a<b>::operator bool", 16, "a::operator bool");
	assert_label("operators<int>::f", 12, "operators::f");
}

static void rust_is_shown_by_type_and_function(void **state)
{
	(void)state;
	assert_label("<cart::shop::Cart as cart::shop::Nap>::nap", 30, "Cart::nap");
	assert_label("<alloc::vec::Vec<T> as core::ops::Drop>::drop", 40, "Vec::drop");
	assert_label("<F as core::FnOnce<fn(u8) -> u8>>::call", 30, "F::call");
	assert_label("core::iter::map::{closure#0}", 20, "…::map::{closure#0}");
	assert_label("<[T]>::iter", 10, "[T]::iter");
}

static void names_of_other_kinds_keep_their_heads_or_their_packages_tail(void **state)
{
	(void)state;
	assert_label("a_very_long_function", 8, "a_very_…");
	assert_label("libc.so.6+0x12345", 8, "libc.so…");
	assert_label("github.com/user/project/http.(*conn).serve", 24, "…/http.(*conn).serve");
	assert_label("github.com/user/project/http.serve", 8, "github.…");
	assert_label("JS:*compute /home/user/x.js:1:2", 12, "JS:*compute…");
	assert_label("größer", 5, "größ…");
}

static void java_methods_are_shown_by_class_and_method(void **state)
{
	(void)state;
	assert_label("void java.lang.Thread.sleep(long)", 32, "java.lang.Thread.sleep");
	assert_label("void java.lang.Thread.sleep(long)", 22, "java.lang.Thread.sleep");
	assert_label("void java.lang.Thread.sleep(long)", 21, "Thread.sleep");
	assert_label("void java.lang.Thread.sleep(long)", 11, "sleep");
	assert_label("void java.lang.Thread.sleep(long)", 4, "sle…");
	assert_label("int a.B.f(java.lang.Object, boolean)", 20, "a.B.f");
	assert_label("void Work$$Lambda$11/0x00007fa708003c30.run()", 12, "run");
	assert_label("void (x)", 7, "void (…");
}

static void threads_are_shown_by_name_and_number(void **state)
{
	(void)state;
	assert_label("worker-100/101", 14, "worker-100/101");
	assert_label("worker-100/101", 13, "worker/101");
	assert_label("worker-100/101", 9, "worker");
	assert_label("worker-100/101", 5, "work…");
	assert_label("a-b/c-7-100/101", 14, "a-b/c-7/101");
	assert_label("server-100/100", 13, "server/100");
	assert_label("server-100/100", 9, "…/100");
	assert_label("server-100/100", 4, "ser…");
	assert_label("größe-1/12", 9, "größe/12");
}

static void nonsense_is_cut_too(void **state)
{
	static const char *const names[] = { "::::::::", ">>>>)))]]}}", "<<<<((((", "a::", "<>::<>",
					     "operator", "< as >::x::", "{{{{{", "::a<",
					     "-1/1", "x-/1", " .(", " .f()", " a.()",
					     "\xff\xfe::\x80" };
	char deep[3002];

	(void)state;
	for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
		for (size_t columns = 1; columns < 12; columns++) {
			struct strbuf sb = STRBUF_INIT;

			label_fit(names[i], strlen(names[i]), columns, &sb);
			assert_int_equal(strbuf_error(&sb), 0);
			strbuf_release(&sb);
		}
	}
	for (size_t i = 0; i < sizeof(deep); i++)
		deep[i] = "a::"[i % 3];
	deep[sizeof(deep) - 2] = 'b';
	deep[sizeof(deep) - 1] = '\0';
	assert_label(deep, 9, "…::a::b");
}

static void a_lack_of_memory_is_noticed(void **state)
{
	(void)state;
	OOM_SWEEP(20) {
		struct strbuf sb = STRBUF_INIT;

		label_fit("a::b<c>::d", 10 - 2, 8, &sb);
		assert_int_equal(strbuf_error(&sb), oom_has_failed() ? -ENOMEM : 0);
		strbuf_release(&sb);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_name_that_fits_is_shown_whole),
		cmocka_unit_test(template_arguments_go_first_and_then_the_outer_names),
		cmocka_unit_test(operators_and_lambdas_keep_their_brackets),
		cmocka_unit_test(rust_is_shown_by_type_and_function),
		cmocka_unit_test(names_of_other_kinds_keep_their_heads_or_their_packages_tail),
		cmocka_unit_test(java_methods_are_shown_by_class_and_method),
		cmocka_unit_test(threads_are_shown_by_name_and_number),
		cmocka_unit_test(nonsense_is_cut_too),
		cmocka_unit_test(a_lack_of_memory_is_noticed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
