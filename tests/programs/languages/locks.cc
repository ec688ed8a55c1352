/* SPDX-License-Identifier: GPL-2.0-only */
/* Threads of C++ that each wait for one kind of thing, and measure how long. */
#include <atomic>
#include <barrier>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <latch>
#include <mutex>
#include <semaphore>
#include <shared_mutex>
#include <sys/syscall.h>
#include <thread>
#include <unistd.h>
#include <vector>

using namespace std;
using namespace std::chrono_literals;

enum { ROUNDS = 5, THREADS_MAX = 32 };
static constexpr auto HOLD = 8ms;

struct waiting {
	const char *kind, *lock_class;
	long tid;
	long long waited_ns;
};

static waiting waits[THREADS_MAX];
static atomic<int> waiters;
static vector<thread> threads;

/* Runs @body in a thread that hands in how long its calls of wait() took. */
template <typename BODY> static void waits_for(const char *kind, const char *lock_class, BODY body)
{
	threads.emplace_back([=] {
		waiting &w = waits[waiters++];

		w.kind = kind;
		w.lock_class = lock_class;
		w.tid = syscall(SYS_gettid);
		body([&w](auto wait) {
			auto begin = chrono::steady_clock::now();

			wait();
			w.waited_ns += (chrono::steady_clock::now() - begin).count();
		});
	});
}

static mutex plain;
static recursive_mutex recursive;
static timed_mutex timed;
static shared_mutex shared;
static mutex for_condition;
static condition_variable condition;
static bool flag;
static counting_semaphore<8> semaphore(0);
static latch start(1);
static barrier<> meeting(2);
static atomic<int> number;

/* Two threads that take turns: what both do for a lock with @lock and @unlock. */
template <typename LOCK, typename UNLOCK>
static void take_turns(const char *kind, LOCK lock, UNLOCK unlock)
{
	for (int i = 0; i < 2; i++)
		waits_for(kind, "lock", [=](auto timed) {
			for (int k = 0; k < ROUNDS; k++) {
				timed(lock);
				this_thread::sleep_for(HOLD);
				unlock();
				this_thread::sleep_for(HOLD / 8);
			}
		});
}

static void make_waiters()
{
	take_turns("mutex", [] { plain.lock(); }, [] { plain.unlock(); });
	take_turns("mutex", [] { recursive.lock(); }, [] { recursive.unlock(); });
	take_turns("mutex", [] { (void)timed.try_lock_for(10s); }, [] { timed.unlock(); });
	take_turns("rwlock", [] { shared.lock(); }, [] { shared.unlock(); });
	waits_for("condition", "sync", [](auto timed) {
		unique_lock lock(for_condition);

		for (int k = 0; k < ROUNDS; k++) {
			timed([&lock] { condition.wait(lock, [] { return flag; }); });
			flag = false;
		}
	});
	waits_for("semaphore", "sync", [](auto timed) {
		for (int k = 0; k < ROUNDS; k++)
			timed([] { semaphore.acquire(); });
	});
	waits_for("barrier", "sync", [](auto timed) { timed([] { start.wait(); }); });
	waits_for("barrier", "sync", [](auto timed) {
		for (int k = 0; k < ROUNDS; k++)
			timed([] { meeting.arrive_and_wait(); });
	});
	waits_for("unknown", "sync", [](auto timed) {
		for (int k = 0; k < ROUNDS; k++)
			timed([k] { number.wait(k); });
	});
}

int main()
{
	make_waiters();
	for (int k = 0; k < ROUNDS; k++) {
		this_thread::sleep_for(2 * HOLD);
		{
			lock_guard lock(for_condition);

			flag = true;
		}
		condition.notify_one();
		semaphore.release();
		number++;
		number.notify_all();
		meeting.arrive_and_wait();
	}
	start.count_down();
	for (auto &t : threads)
		t.join();
	printf("{\"waits\": [");
	for (int i = 0; i < waiters; i++)
		printf("%s{\"tid\": %ld, \"kind\": \"%s\", \"class\": \"%s\", \"waited_ns\": %lld}",
		       i ? ", " : "", waits[i].tid, waits[i].kind, waits[i].lock_class,
		       waits[i].waited_ns);
	printf("]}\n");
}
