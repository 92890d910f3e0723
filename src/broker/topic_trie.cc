#include "broker/topic_trie.h"

#include <algorithm>

namespace millrace::broker {

namespace {

/// Cuts the first word off `rest`; false when there was none left. An empty key has no words, so `at_end` begins as
/// true for it.
bool next_word(std::string_view& rest, bool& at_end, std::string_view& word) {
  if (at_end) return false;
  const std::size_t dot = rest.find('.');
  word = rest.substr(0, dot);
  at_end = dot == std::string_view::npos;
  rest = at_end ? std::string_view{} : rest.substr(dot + 1);
  return true;
}

}  // namespace

TopicTrie::NodeIndex TopicTrie::child(NodeIndex parent, std::string_view word, bool create) {
  const auto existing = [&]() -> NodeIndex {
    if (word == "*") return nodes_[parent].star;
    if (word == "#") return nodes_[parent].hash;
    const auto it = nodes_[parent].words.find(std::string(word));
    return it == nodes_[parent].words.end() ? kNone : it->second;
  }();
  if (existing != kNone || !create) return existing;
  NodeIndex made;
  if (free_.empty()) {
    made = static_cast<NodeIndex>(nodes_.size());
    nodes_.emplace_back();
  } else {
    made = free_.back();
    free_.pop_back();
    nodes_[made] = Node();
  }
  if (word == "*")
    nodes_[parent].star = made;
  else if (word == "#")
    nodes_[parent].hash = made;
  else
    nodes_[parent].words.emplace(word, made);
  nodes_[made].is_hash = word == "#";
  return made;
}

void TopicTrie::add(std::string_view pattern, model::ObjectId destination) {
  NodeIndex node = 0;
  bool at_end = pattern.empty();
  std::string_view word;
  while (next_word(pattern, at_end, word)) node = child(node, word, true);
  nodes_[node].destinations.push_back(destination);
  ++patterns_;
}

void TopicTrie::remove(std::string_view pattern, model::ObjectId destination) {
  remove_below(0, pattern, pattern.empty(), destination);
}

bool TopicTrie::remove_below(NodeIndex node, std::string_view rest, bool at_end, model::ObjectId destination) {
  std::string_view word;
  if (!next_word(rest, at_end, word)) {
    auto& list = nodes_[node].destinations;
    const auto it = std::find(list.begin(), list.end(), destination);
    if (it == list.end()) return false;
    list.erase(it);
    --patterns_;
    return true;
  }
  const NodeIndex next = child(node, word, false);
  if (next == kNone || !remove_below(next, rest, at_end, destination)) return false;
  if (nodes_[next].unused()) {
    if (word == "*")
      nodes_[node].star = kNone;
    else if (word == "#")
      nodes_[node].hash = kNone;
    else
      nodes_[node].words.erase(std::string(word));
    release(next);
  }
  return true;
}

void TopicTrie::release(NodeIndex node) {
  nodes_[node] = Node();
  free_.push_back(node);
}

/// The nodes that fit the words read so far.
struct TopicTrie::Walk {
  const std::vector<Node>& nodes;
  std::vector<NodeIndex> alive;
  std::vector<NodeIndex> next;

  void enter(NodeIndex node) {
    // A set as a list: patterns alive at once are few.
    if (std::find(next.begin(), next.end(), node) != next.end()) return;
    next.push_back(node);
    if (nodes[node].hash != kNone) enter(nodes[node].hash);  // '#' may stand for no word
  }
  void step(std::string_view word, std::string& scratch) {
    next.clear();
    scratch.assign(word);
    for (const NodeIndex index : alive) {
      const Node& node = nodes[index];
      if (node.is_hash) enter(index);
      if (node.star != kNone) enter(node.star);
      if (node.words.empty()) continue;
      if (const auto it = node.words.find(scratch); it != node.words.end()) enter(it->second);
    }
    alive.swap(next);
  }
};

void TopicTrie::match(std::string_view key, std::vector<model::ObjectId>& out) const {
  Walk walk{nodes_, {}, {}};
  walk.enter(0);
  walk.alive.swap(walk.next);
  bool at_end = key.empty();
  std::string_view word;
  std::string scratch;
  while (!walk.alive.empty() && next_word(key, at_end, word)) walk.step(word, scratch);
  for (const NodeIndex index : walk.alive) {
    const auto& destinations = nodes_[index].destinations;
    out.insert(out.end(), destinations.begin(), destinations.end());
  }
}

}  // namespace millrace::broker
