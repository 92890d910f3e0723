#include "io/thread_pool.h"

#include <pthread.h>

#include <utility>

#include "base/assert.h"

namespace millrace::io {

ThreadPool::ThreadPool(std::size_t threads, const std::string& name) {
  MILLRACE_ASSERT(threads > 0);
  threads_.reserve(threads);
  for (std::size_t i = 0; i < threads; ++i) {
    threads_.emplace_back([this] { run_worker(); });
    ::pthread_setname_np(threads_.back().native_handle(), name.substr(0, 15).c_str());
  }
}

ThreadPool::~ThreadPool() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

void ThreadPool::submit(Loop& loop, Task work, Task done) {
  {
    const std::lock_guard lock(mutex_);
    MILLRACE_ASSERT(!stopping_, "work submitted to a pool that is being destroyed");
    jobs_.push_back(Job{&loop, std::move(work), std::move(done)});
  }
  wake_.notify_one();
}

std::size_t ThreadPool::waiting() const {
  const std::lock_guard lock(mutex_);
  return jobs_.size();
}

void ThreadPool::run_worker() {
  std::unique_lock lock(mutex_);
  for (;;) {
    wake_.wait(lock, [this] { return stopping_ || !jobs_.empty(); });
    if (jobs_.empty()) return;
    Job job = std::move(jobs_.front());
    jobs_.pop_front();
    lock.unlock();
    job.work();
    job.work = nullptr;  // what it captured is freed before `done` may look at it
    if (job.done) job.loop->post(std::move(job.done));
    lock.lock();
  }
}

}  // namespace millrace::io
