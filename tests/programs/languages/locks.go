// SPDX-License-Identifier: GPL-2.0-only

// Goroutines that fight for a mutex: their threads run others meanwhile, or are idle.
package main

import (
	"fmt"
	"sync"
	"time"
)

func main() {
	var mutex sync.Mutex
	var all sync.WaitGroup
	var waited time.Duration

	for i := 0; i < 4; i++ {
		all.Add(1)
		go func() {
			defer all.Done()
			for k := 0; k < 20; k++ {
				begin := time.Now()
				mutex.Lock()
				waited += time.Since(begin)
				time.Sleep(2 * time.Millisecond)
				mutex.Unlock()
			}
		}()
	}
	numbers := make(chan int)
	go func() {
		for i := 0; i < 20; i++ {
			time.Sleep(time.Millisecond)
			numbers <- i
		}
		close(numbers)
	}()
	for range numbers {
	}
	all.Wait()
	fmt.Printf("{\"goroutines_waited_ns\": %d}\n", waited.Nanoseconds())
}
