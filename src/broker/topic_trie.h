#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "model/ids.h"

#include <boost/unordered/unordered_flat_map.hpp>

namespace millrace::broker {

/// Binding patterns of a topic exchange: words separated by dots, '*' stands for one word, '#' for any number of words.
///
/// Matching walks the key's words once with the set of nodes that fit so far, so its cost is words x nodes alive and
/// never exponential, whatever the patterns.
class TopicTrie {
 public:
  TopicTrie() : nodes_(1) {}

  /// The same destination may be added under one pattern several times; it must be removed as often.
  void add(std::string_view pattern, model::ObjectId destination);
  void remove(std::string_view pattern, model::ObjectId destination);
  bool empty() const { return patterns_ == 0; }

  /// Appends every destination with a matching pattern; one may appear several times.
  void match(std::string_view key, std::vector<model::ObjectId>& out) const;

 private:
  using NodeIndex = std::uint32_t;
  static constexpr NodeIndex kNone = 0;  // the root is nobody's child

  struct Node {
    boost::unordered_flat_map<std::string, NodeIndex> words;
    NodeIndex star = kNone;
    NodeIndex hash = kNone;
    bool is_hash = false;
    std::vector<model::ObjectId> destinations;
    bool unused() const { return words.empty() && star == kNone && hash == kNone && destinations.empty(); }
  };
  struct Walk;

  NodeIndex child(NodeIndex parent, std::string_view word, bool create);
  bool remove_below(NodeIndex node, std::string_view rest, bool at_end, model::ObjectId destination);
  void release(NodeIndex node);

  std::vector<Node> nodes_;
  std::vector<NodeIndex> free_;
  std::size_t patterns_ = 0;
};

}  // namespace millrace::broker
