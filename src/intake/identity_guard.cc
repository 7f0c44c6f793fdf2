// SPDX-License-Identifier: Apache-2.0
#include "intake/identity_guard.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace clinnova::intake {
namespace {

constexpr std::size_t kShortest = 4;
constexpr std::size_t kLongestRun = 16;  ///< pieces of one identity, such as a UUID's five

bool InWord(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         static_cast<unsigned char>(c) >= 0x80;
}

/// FNV-1a, over ASCII in lower case.
std::uint64_t WordHash(std::string_view word) {
  std::uint64_t hash = 14695981039346656037ULL;
  for (char c : word) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
  }
  return hash;
}

}  // namespace

void IdentityGuard::Add(std::string_view word) {
  while (!word.empty() && !InWord(word.front())) word.remove_prefix(1);
  while (!word.empty() && !InWord(word.back())) word.remove_suffix(1);
  if (word.size() >= kShortest) words_.insert(WordHash(word));
}

std::string IdentityGuard::Hide(std::string_view text) const {
  std::vector<std::pair<std::size_t, std::size_t>> pieces;  // [begin, end)
  for (std::size_t at = 0; at < text.size();) {
    if (!InWord(text[at])) {
      ++at;
      continue;
    }
    const std::size_t begin = at;
    while (at < text.size() && InWord(text[at])) ++at;
    pieces.emplace_back(begin, at);
  }
  std::string hidden;
  std::size_t copied = 0;
  for (std::size_t first = 0; first < pieces.size(); ++first) {
    const std::size_t longest = std::min(pieces.size(), first + kLongestRun);
    for (std::size_t last = longest; last > first; --last) {
      const auto [begin, unused] = pieces[first];
      const std::size_t end = pieces[last - 1].second;
      if (!words_.contains(WordHash(text.substr(begin, end - begin)))) continue;
      hidden += text.substr(copied, begin - copied);
      hidden += "[hidden]";
      copied = end;
      first = last - 1;
      break;
    }
  }
  return hidden + std::string(text.substr(copied));
}

}  // namespace clinnova::intake
