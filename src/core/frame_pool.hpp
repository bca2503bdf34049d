// frame_pool.hpp: memory for coroutine frames. A copied object runs through dozens of coroutines, whose frames come
// in a few sizes and go within moments: free lists by size, one set a thread, spare malloc its search.
//
//   take(size) --> class = ceil(size / 256) --> free list | malloc       give --> free list | free, where it is full
//
// A frame that ends on another thread than it began on goes to that thread's list. Under a sanitizer each
// frame is malloc's, so that a use after its end is seen.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <new>

namespace azs3copy::detail {

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define AZS3COPY_FRAMES_BY_MALLOC 1
#endif
#endif

class FramePool {
 public:
  static void* take(std::size_t size) {
#ifndef AZS3COPY_FRAMES_BY_MALLOC
    const std::size_t index = class_of(size);
    if (index < classes) {
      List& list = lists_.of[index];
      if (list.first != nullptr) {
        Node* const node = list.first;
        list.first = node->next;
        --list.count;
        return node;
      }
      return ::operator new((index + 1) * step_bytes);
    }
#endif
    return ::operator new(size);
  }

  static void give(void* frame, [[maybe_unused]] std::size_t size) noexcept {
#ifndef AZS3COPY_FRAMES_BY_MALLOC
    const std::size_t index = class_of(size);
    if (index < classes && lists_.of[index].count < kept_max) {
      List& list = lists_.of[index];
      list.first = ::new (frame) Node{list.first};
      ++list.count;
      return;
    }
#endif
    ::operator delete(frame);
  }

 private:
  static constexpr std::size_t step_bytes = 256;
  static constexpr std::size_t classes = 16;      // up to 4 KiB
  static constexpr std::uint32_t kept_max = 128;  // of one class: what 64 streams have at a time

  struct Node {
    Node* next;
  };
  struct List {
    Node* first;
    std::uint32_t count;
  };
  struct Lists {
    std::array<List, classes> of;  // zero, as all that is static
    ~Lists() {
      for (List& list : of) {
        list.count = kept_max;  // whatever ends later on this thread goes to free
        while (list.first != nullptr) {
          Node* const node = list.first;
          list.first = node->next;
          ::operator delete(node);
        }
      }
    }
  };

  static std::size_t class_of(std::size_t size) { return (size - 1) / step_bytes; }

  static inline thread_local Lists lists_;
};

// Base of promises whose frames come from the pool.
struct PooledFrame {
  static void* operator new(std::size_t size) { return FramePool::take(size); }
  static void operator delete(void* frame, std::size_t size) noexcept { FramePool::give(frame, size); }
};

}  // namespace azs3copy::detail
