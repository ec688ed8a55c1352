/* SPDX-License-Identifier: GPL-2.0-only */

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.locks.ReentrantLock;

/** Threads of Java that each wait for one kind of thing, and measure how long. */
public class Locks {
    static final int ROUNDS = 6;
    static final int HOLD_MS = 8;
    static final List<String> lines = new ArrayList<>();
    static final List<Thread> threads = new ArrayList<>();

    interface Body {
        void run(long[] waited) throws Exception;
    }

    static String line(String kind, String lockClass, Body body) throws Exception {
        Path self = Files.readSymbolicLink(Path.of("/proc/thread-self"));
        long[] waited = { 0 };

        body.run(waited);
        return String.format(
            "{\"tid\": %s, \"kind\": \"%s\", \"class\": \"%s\", \"waited_ns\": %d}",
            self.getFileName(), kind, lockClass, waited[0]);
    }

    static void waitsFor(String kind, String lockClass, Body body) {
        Thread t = new Thread(() -> {
            try {
                String line = line(kind, lockClass, body);
                synchronized (lines) {
                    lines.add(line);
                }
            } catch (Exception e) {
                throw new RuntimeException(e);
            }
        });
        threads.add(t);
    }

    public static void main(String[] args) throws Exception {
        Object monitor = new Object();
        Object signal = new Object();
        ReentrantLock lock = new ReentrantLock();
        LinkedBlockingQueue<Integer> queue = new LinkedBlockingQueue<>();

        // classes are loaded under locks, too: not by the threads below
        queue.put(0);
        lock.lock();
        lock.unlock();
        line("", "", waited -> waited[0] += queue.take());
        for (int i = 0; i < 2; i++) {
            waitsFor("mutex", "lock", waited -> {
                for (int k = 0; k < ROUNDS; k++) {
                    long begin = System.nanoTime();
                    synchronized (monitor) {
                        waited[0] += System.nanoTime() - begin;
                        Thread.sleep(HOLD_MS);
                    }
                    Thread.sleep(1);
                }
            });
            waitsFor("unknown", "sync", waited -> {
                for (int k = 0; k < ROUNDS; k++) {
                    long begin = System.nanoTime();
                    lock.lock();
                    waited[0] += System.nanoTime() - begin;
                    Thread.sleep(HOLD_MS);
                    lock.unlock();
                    Thread.sleep(1);
                }
            });
        }
        waitsFor("condition", "sync", waited -> {
            synchronized (signal) {
                long begin = System.nanoTime();
                signal.wait();
                waited[0] += System.nanoTime() - begin;
            }
        });
        waitsFor("unknown", "sync", waited -> {
            for (int k = 0; k < ROUNDS; k++) {
                long begin = System.nanoTime();
                queue.take();
                waited[0] += System.nanoTime() - begin;
            }
        });
        for (Thread t : threads)
            t.start();
        for (int k = 0; k < ROUNDS; k++) {
            Thread.sleep(2 * HOLD_MS);
            queue.put(k);
        }
        synchronized (signal) {
            signal.notifyAll();
        }
        for (Thread t : threads)
            t.join();
        System.out.println("{\"waits\": [" + String.join(", ", lines) + "]}");
    }
}
