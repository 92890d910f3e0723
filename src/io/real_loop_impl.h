#pragma once

// Internal to io/: includes Asio. Only real_loop.cc and descriptor_watch.cc may include this.
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <mutex>
#include <vector>

#include "io/hook_list.h"
#include "io/loop_node.h"
#include "io/real_loop.h"
#include "io/timer_queue.h"

namespace millrace::io {

struct RealLoop::Impl {
  Impl() : context(1), guard(context.get_executor()) {}

  boost::asio::io_context context;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> guard;
  HookList hooks;
  TimerQueue timers;
  NodeList at_end;
  NodeList at_start;
  std::size_t handled_while_blocking = 0;

  std::mutex mutex;           // guards the next two
  std::vector<Task> posted;   // in the order of post()
  bool sleeping = false;      // the loop is blocked, or about to be: a post must wake it
  std::vector<Task> running;  // the batch being run; kept for its capacity
};

}  // namespace millrace::io
