#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "io/loop.h"

namespace millrace::io {

/// A WorkPool of real threads. The loops that wait for `done` must outlive it: the destructor finishes all
/// submitted work and posts its `done` before it returns.
class ThreadPool final : public WorkPool {
 public:
  /// `name` (at most 15 characters) is shown for the threads by the system's tools.
  explicit ThreadPool(std::size_t threads, const std::string& name = "pool");
  ~ThreadPool() override;
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  /// Callable from any thread.
  void submit(Loop& loop, Task work, Task done) override;
  /// Submitted and not yet started.
  std::size_t waiting() const;

 private:
  struct Job {
    Loop* loop;
    Task work;
    Task done;
  };
  void run_worker();

  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Job> jobs_;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace millrace::io
