// SPDX-License-Identifier: GPL-2.0-only
//! Threads of Rust that each wait for one kind of thing, and measure how long.

use std::sync::{mpsc, Arc, Barrier, Condvar, Mutex, Once, RwLock};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

const ROUNDS: usize = 5;
const HOLD: Duration = Duration::from_millis(8);

struct Waiting {
    kind: &'static str,
    class: &'static str,
    tid: String,
    waited: Duration,
}

impl Waiting {
    fn time<T>(&mut self, wait: impl FnOnce() -> T) -> T {
        let begin = Instant::now();
        let result = wait();
        self.waited += begin.elapsed();
        result
    }
}

/// A thread that hands in how long its calls of `time` took.
fn waits_for(
    kind: &'static str,
    class: &'static str,
    body: impl FnOnce(&mut Waiting) + Send + 'static,
) -> JoinHandle<Waiting> {
    thread::spawn(move || {
        let link = std::fs::read_link("/proc/thread-self").unwrap();
        let tid = link.file_name().unwrap().to_str().unwrap().to_string();
        let mut w = Waiting { kind, class, tid, waited: Duration::ZERO };
        body(&mut w);
        w
    })
}

fn main() {
    let mutex = Arc::new(Mutex::new(0u64));
    let rwlock = Arc::new(RwLock::new(0u64));
    let flag = Arc::new((Mutex::new(false), Condvar::new()));
    let barrier = Arc::new(Barrier::new(2));
    let (sender, receiver) = mpsc::channel::<usize>();
    static ONCE: Once = Once::new();
    let mut threads = Vec::new();

    for _ in 0..2 {
        let m = mutex.clone();
        threads.push(waits_for("mutex", "lock", move |w| {
            for _ in 0..ROUNDS {
                let mut guard = w.time(|| m.lock().unwrap());
                *guard += 1;
                thread::sleep(HOLD);
                drop(guard);
                thread::sleep(HOLD / 8);
            }
        }));
        let rw = rwlock.clone();
        threads.push(waits_for("rwlock", "lock", move |w| {
            for _ in 0..ROUNDS {
                let mut guard = w.time(|| rw.write().unwrap());
                *guard += 1;
                thread::sleep(HOLD);
                drop(guard);
                thread::sleep(HOLD / 8);
            }
        }));
    }
    let rw = rwlock.clone();
    threads.push(waits_for("rwlock", "lock", move |w| {
        for _ in 0..ROUNDS {
            drop(w.time(|| rw.read().unwrap()));
            thread::sleep(HOLD);
        }
    }));
    let f = flag.clone();
    threads.push(waits_for("condition", "sync", move |w| {
        for _ in 0..ROUNDS {
            let guard = f.0.lock().unwrap();
            let mut guard = w.time(|| f.1.wait_while(guard, |set| !*set).unwrap());
            *guard = false;
        }
    }));
    let b = barrier.clone();
    threads.push(waits_for("barrier", "sync", move |w| {
        for _ in 0..ROUNDS {
            w.time(|| b.wait());
        }
    }));
    threads.push(waits_for("unknown", "sync", move |w| {
        while w.time(|| receiver.recv()).is_ok() {}
    }));
    let parked = waits_for("unknown", "sync", move |w| {
        for _ in 0..ROUNDS {
            w.time(thread::park);
        }
    });
    for i in 0..2 {
        threads.push(waits_for("unknown", "sync", move |w| {
            thread::sleep(HOLD * i);
            if i == 0 {
                ONCE.call_once(|| thread::sleep(HOLD * 4));
            } else {
                w.time(|| ONCE.call_once(|| ()));
            }
        }));
    }
    for round in 0..ROUNDS {
        thread::sleep(HOLD * 2);
        *flag.0.lock().unwrap() = true;
        flag.1.notify_one();
        parked.thread().unpark();
        sender.send(round).unwrap();
        barrier.wait();
    }
    drop(sender);
    threads.push(parked);
    let lines: Vec<String> = threads
        .into_iter()
        .map(|t| t.join().unwrap())
        .map(|w| {
            format!(
                r#"{{"tid": {}, "kind": "{}", "class": "{}", "waited_ns": {}}}"#,
                w.tid, w.kind, w.class, w.waited.as_nanos()
            )
        })
        .collect();
    println!(r#"{{"waits": [{}]}}"#, lines.join(", "));
}
