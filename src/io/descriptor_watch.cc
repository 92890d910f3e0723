#include "io/descriptor_watch.h"

#include <boost/asio/posix/basic_stream_descriptor.hpp>
#include <boost/system/error_code.hpp>
#include <cstddef>
#include <new>

#include "io/real_loop_impl.h"

namespace millrace::io {

namespace {

using AsioDescriptor = boost::asio::posix::basic_stream_descriptor<boost::asio::io_context::executor_type>;

/// Room for the one pending wait of a direction, so that waiting allocates nothing in steady state.
struct Slot {
  alignas(std::max_align_t) std::byte room[160];
  bool used = false;
};

template <class T>
struct SlotAllocator {
  using value_type = T;
  explicit SlotAllocator(Slot* s) : slot(s) {}
  template <class U>
  SlotAllocator(const SlotAllocator<U>& other) : slot(other.slot) {}
  T* allocate(std::size_t count) {
    if (!slot->used && count * sizeof(T) <= sizeof(slot->room)) {
      slot->used = true;
      return reinterpret_cast<T*>(slot->room);
    }
    return static_cast<T*>(::operator new(count * sizeof(T)));
  }
  void deallocate(T* pointer, std::size_t) {
    if (reinterpret_cast<std::byte*>(pointer) == slot->room) {
      slot->used = false;
    } else {
      ::operator delete(pointer);
    }
  }
  template <class U>
  bool operator==(const SlotAllocator<U>& other) const {
    return slot == other.slot;
  }
  Slot* slot;
};

}  // namespace

/// Outlives the watch while a wait is pending in Asio.
struct DescriptorWatch::State {
  explicit State(ReadyHandler* h) : handler(h) {}
  ReadyHandler* handler;  // null once the watch is gone
  Slot slots[2];
  bool waiting[2] = {false, false};
};

struct DescriptorWatch::Impl {
  Impl(RealLoop& loop, int fd, ReadyHandler* handler)
      : state(std::make_shared<State>(handler)), descriptor(loop.impl().context.get_executor(), fd) {}
  std::shared_ptr<State> state;
  AsioDescriptor descriptor;
};

template <bool kWritable>
struct DescriptorWatch::Waiter {
  using allocator_type = SlotAllocator<void*>;
  allocator_type get_allocator() const { return allocator_type(&state->slots[kWritable]); }
  void operator()(const boost::system::error_code&) {
    // An error of the descriptor shows again in the read or write that follows.
    state->waiting[kWritable] = false;
    ReadyHandler* handler = state->handler;
    if (handler == nullptr) return;
    if constexpr (kWritable) {
      handler->on_writable();
    } else {
      handler->on_readable();
    }
  }
  std::shared_ptr<State> state;
};

DescriptorWatch::DescriptorWatch(RealLoop& loop, int fd, ReadyHandler* handler)
    : impl_(std::make_unique<Impl>(loop, fd, handler)) {}

DescriptorWatch::~DescriptorWatch() {
  impl_->state->handler = nullptr;
  boost::system::error_code ignored;
  impl_->descriptor.close(ignored);
}

int DescriptorWatch::fd() const {
  return impl_->descriptor.native_handle();
}

void DescriptorWatch::wait_readable() {
  if (impl_->state->waiting[0]) return;
  impl_->state->waiting[0] = true;
  impl_->descriptor.async_wait(AsioDescriptor::wait_read, Waiter<false>{impl_->state});
}

void DescriptorWatch::wait_writable() {
  if (impl_->state->waiting[1]) return;
  impl_->state->waiting[1] = true;
  impl_->descriptor.async_wait(AsioDescriptor::wait_write, Waiter<true>{impl_->state});
}

}  // namespace millrace::io
