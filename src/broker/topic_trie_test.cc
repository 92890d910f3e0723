#include "broker/topic_trie.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/prng.h"

namespace millrace::broker {
namespace {

using model::ObjectId;

bool matches(const std::string& pattern, const std::string& key) {
  TopicTrie trie;
  trie.add(pattern, ObjectId(1));
  std::vector<ObjectId> out;
  trie.match(key, out);
  return !out.empty();
}

TEST(TopicTrie, FollowsTheRulesOfWords) {
  EXPECT_TRUE(matches("a.b.c", "a.b.c"));
  EXPECT_FALSE(matches("a.b.c", "a.b"));
  EXPECT_TRUE(matches("a.*.c", "a.b.c"));
  EXPECT_FALSE(matches("a.*.c", "a.c"));
  EXPECT_TRUE(matches("a.#", "a"));
  EXPECT_TRUE(matches("a.#", "a.b.c.d"));
  EXPECT_TRUE(matches("#", ""));
  EXPECT_TRUE(matches("#.c", "a.b.c"));
  EXPECT_TRUE(matches("#.c", "c"));
  EXPECT_FALSE(matches("#.c", "a.b"));
  EXPECT_FALSE(matches("*", ""));
  EXPECT_FALSE(matches("#.*", ""));
  EXPECT_TRUE(matches("*.*", "."));
  EXPECT_FALSE(matches("*", "a.b"));
  EXPECT_TRUE(matches("a.#.b.#.c", "a.x.b.y.z.c"));
  EXPECT_TRUE(matches("", ""));
}

bool naive(const std::vector<std::string>& pattern, std::size_t p, const std::vector<std::string>& key, std::size_t k) {
  if (p == pattern.size()) return k == key.size();
  if (pattern[p] == "#") {
    for (std::size_t skip = k; skip <= key.size(); ++skip) {
      if (naive(pattern, p + 1, key, skip)) return true;
    }
    return false;
  }
  return k < key.size() && (pattern[p] == "*" || pattern[p] == key[k]) && naive(pattern, p + 1, key, k + 1);
}

std::vector<std::string> random_words(base::Prng& prng, const std::vector<std::string>& alphabet) {
  std::vector<std::string> words(prng.between(1, 5));
  for (auto& word : words) word = alphabet[prng.below(alphabet.size())];
  return words;
}

std::string join(const std::vector<std::string>& words) {
  std::string text;
  for (std::size_t i = 0; i < words.size(); ++i) text += (i == 0 ? "" : ".") + words[i];
  return text;
}

TEST(TopicTrie, AgreesWithANaiveMatcher) {
  base::Prng prng(1);
  for (int round = 0; round < 300; ++round) {
    TopicTrie trie;
    std::vector<std::vector<std::string>> patterns;
    for (std::uint64_t i = 0; i < 20; ++i) {
      patterns.push_back(random_words(prng, {"a", "b", "*", "#"}));
      trie.add(join(patterns.back()), ObjectId(i));
    }
    for (std::uint64_t i = 0; i < 20; i += 3) trie.remove(join(patterns[i]), ObjectId(i));
    for (int keys = 0; keys < 20; ++keys) {
      const auto key = random_words(prng, {"a", "b", "c"});
      std::vector<ObjectId> found;
      trie.match(join(key), found);
      for (std::uint64_t i = 0; i < 20; ++i) {
        const bool expected = i % 3 != 0 && naive(patterns[i], 0, key, 0);
        EXPECT_EQ(std::find(found.begin(), found.end(), ObjectId(i)) != found.end(), expected)
            << join(patterns[i]) << " against " << join(key);
      }
    }
  }
}

TEST(TopicTrie, HostilePatternsStayCheap) {
  TopicTrie trie;
  std::string pattern = "#";
  for (int i = 0; i < 60; ++i) pattern += ".a.#";
  trie.add(pattern, ObjectId(1));
  std::string key = "a";
  for (int i = 0; i < 100; ++i) key += ".a";
  key += ".b";
  std::vector<ObjectId> out;
  trie.match(key, out);  // a backtracking matcher would not come back
  EXPECT_FALSE(out.empty());
}

TEST(TopicTrie, IsEmptyAgainAfterRemovals) {
  TopicTrie trie;
  trie.add("a.#.b", ObjectId(1));
  trie.add("a.#.b", ObjectId(1));
  trie.remove("a.#.b", ObjectId(1));
  EXPECT_FALSE(trie.empty());
  trie.remove("a.#.b", ObjectId(1));
  trie.remove("never.added", ObjectId(1));
  EXPECT_TRUE(trie.empty());
}

}  // namespace
}  // namespace millrace::broker
