// A hub on Go's net/http as one usually writes it: a channel for each client, and a goroutine that writes from it and
// flushes. An event is encoded once for all. Who does not keep up misses events.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"net/http"
	"sync"
	"syscall"
	"time"
	"unsafe"
)

type tick struct {
	Symbol string  `json:"symbol"`
	Seq    uint64  `json:"seq"`
	At     int64   `json:"at"`
	Price  float64 `json:"price"`
	Size   uint64  `json:"size"`
	Venue  string  `json:"venue"`
}

type hub struct {
	lock    sync.RWMutex
	clients map[chan []byte]struct{}
}

func (h *hub) broadcast(events []byte) {
	h.lock.RLock()
	defer h.lock.RUnlock()
	for client := range h.clients {
		select {
		case client <- events:
		default:
		}
	}
}

func (h *hub) ServeHTTP(response http.ResponseWriter, request *http.Request) {
	flusher, ok := response.(http.Flusher)
	if !ok {
		http.Error(response, "cannot stream", http.StatusInternalServerError)
		return
	}
	client := make(chan []byte, 256)
	h.lock.Lock()
	h.clients[client] = struct{}{}
	h.lock.Unlock()
	defer func() {
		h.lock.Lock()
		delete(h.clients, client)
		h.lock.Unlock()
	}()

	response.Header().Set("Content-Type", "text/event-stream")
	response.Header().Set("Cache-Control", "no-store")
	response.WriteHeader(http.StatusOK)
	flusher.Flush()
	for {
		select {
		case events := <-client:
			if _, err := response.Write(events); err != nil {
				return
			}
			flusher.Flush()
		case <-request.Context().Done():
			return
		}
	}
}

// Nanoseconds of CLOCK_MONOTONIC, which the time package does not tell.
func now() int64 {
	const clockMonotonic = 1
	var at syscall.Timespec
	syscall.Syscall(syscall.SYS_CLOCK_GETTIME, clockMonotonic, uintptr(unsafe.Pointer(&at)), 0)
	return at.Nano()
}

func event(seq uint64) []byte {
	size := 100 + seq%900
	price := 100 + float64(size)/100
	data, err := json.Marshal(tick{"ACME", seq, now(), price, size, "XNAS"})
	if err != nil {
		log.Fatal(err)
	}
	return []byte(fmt.Sprintf("id: %d\nevent: tick\ndata: %s\n\n", seq, data))
}

// As in src/pace.rs: no tick is left out, and one that is overdue is sent as soon as it can be.
func (h *hub) publish(rate, window int) {
	start := time.Now()
	inWindow := rate * window / 1000
	var held []byte
	for made := 0; ; made++ {
		time.Sleep(time.Until(start.Add(time.Second * time.Duration(made) / time.Duration(rate))))
		if inWindow == 0 {
			h.broadcast(event(uint64(made + 1)))
			continue
		}
		if made > 0 && made%inWindow == 0 {
			h.broadcast(held)
			held = nil
		}
		held = append(held, event(uint64(made+1))...)
	}
}

func main() {
	port := flag.Int("port", 0, "the port on 127.0.0.1")
	rate := flag.Int("rate", 0, "how many ticks are published each second")
	window := flag.Int("window", 0, "for how many milliseconds ticks are collected")
	flag.Parse()
	market := &hub{clients: make(map[chan []byte]struct{})}
	if *rate > 0 {
		go market.publish(*rate, *window)
	}
	log.Fatal(http.ListenAndServe(fmt.Sprintf("127.0.0.1:%d", *port), market))
}
