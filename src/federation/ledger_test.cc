// SPDX-License-Identifier: Apache-2.0
#include "federation/ledger.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <thread>

#include "federation/ledger_signing_record.h"
#include "federation/test_folder.h"

namespace clinnova::federation {
namespace {

class LedgerTest : public testing::Test {
 protected:
  Result<std::unique_ptr<Ledger>> Open() {
    const auto fixed = [] {
      return std::chrono::system_clock::time_point(std::chrono::milliseconds(1'700'000'000'123));
    };
    return Ledger::Open({.path = path_, .identity = &identity_, .clock = fixed});
  }
  void Fill(int rounds) {
    auto ledger = *Open();
    for (int i = 1; i <= rounds; ++i) {
      ASSERT_TRUE(ledger->Append(LedgerKind::kRound, {{"round", i}, {"analysis", "response"}}));
    }
  }
  std::string Text() const {
    std::stringstream text;
    text << std::ifstream(path_, std::ios::binary).rdbuf();
    return text.str();
  }
  void Write(const std::string& text) const {
    std::ofstream(path_, std::ios::binary | std::ios::trunc) << text;
  }
  LedgerCheck Verify() const { return *VerifyLedger(path_, identity_.public_key()); }

  TestFolder folder_;
  std::filesystem::path path_ = folder_.path() / "ledger.jsonl";
  SiteIdentity identity_ = *SiteIdentity::Create();
};

TEST_F(LedgerTest, KeepsEntriesInOrderAndVerifiesOffline) {
  Fill(3);
  auto ledger = *Open();
  const auto entries = *ledger->Entries();
  ASSERT_EQ(entries.size(), 4u);
  EXPECT_EQ(entries[0].kind, LedgerKind::kOpened);
  EXPECT_EQ(entries[3].kind, LedgerKind::kRound);
  EXPECT_EQ(entries[3].body, R"({"analysis":"response","round":3})");
  EXPECT_EQ(entries[3].time, "2023-11-14T22:13:20.123Z");
  EXPECT_EQ(entries[3].previous, entries[2].hash);
  EXPECT_EQ(ledger->root_hash(), entries[3].hash);
  const LedgerCheck check = Verify();
  EXPECT_FALSE(check.fault);
  EXPECT_EQ(check.entries, 4u);
  EXPECT_EQ(check.root, entries[3].hash);
}

TEST_F(LedgerTest, GoesOnWhereItStopped) {
  Fill(2);
  Fill(2);
  EXPECT_EQ(Verify().entries, 5u);
}

TEST_F(LedgerTest, NamesTheEntryInWhichAnyByteWasChanged) {
  Fill(2);
  const std::string good = Text();
  for (std::size_t at = 0; at < good.size(); ++at) {
    std::string bad = good;
    bad[at] = static_cast<char>(bad[at] ^ 1);
    Write(bad);
    const LedgerCheck check = Verify();
    // A last line without its newline counts as unfinished: it is no entry either way.
    if (at + 1 == good.size()) {
      EXPECT_EQ(check.entries, 2u);
      EXPECT_GT(check.torn_bytes, 0u);
      continue;
    }
    ASSERT_TRUE(check.fault) << "byte " << at;
    const auto line = 1 + std::count(good.begin(), good.begin() + static_cast<long>(at), '\n');
    EXPECT_EQ(check.fault->line, static_cast<std::uint64_t>(line)) << "byte " << at;
    const std::size_t start = at == 0 ? std::string::npos : good.rfind('\n', at - 1);
    EXPECT_EQ(check.fault->offset, start == std::string::npos ? 0 : start + 1) << "byte " << at;
  }
}

TEST_F(LedgerTest, FindsRemovedMovedAndRepeatedEntries) {
  Fill(3);
  std::vector<std::string> lines;
  std::istringstream text(Text());
  for (std::string line; std::getline(text, line);) lines.push_back(line + "\n");
  const auto fault_line = [&](const std::vector<std::size_t>& order) {
    std::string changed;
    for (const std::size_t i : order) changed += lines[i];
    Write(changed);
    const LedgerCheck check = Verify();
    return check.fault ? check.fault->line : 0;
  };
  EXPECT_EQ(fault_line({0, 1, 2, 3}), 0u);
  EXPECT_EQ(fault_line({0, 2, 3}), 2u);
  EXPECT_EQ(fault_line({1, 2, 3}), 1u);
  EXPECT_EQ(fault_line({0, 1, 3, 2}), 3u);
  EXPECT_EQ(fault_line({0, 1, 1, 2, 3}), 3u);
}

TEST_F(LedgerTest, RefusesEntriesOfAnotherKey) {
  Fill(2);
  const SiteIdentity other = *SiteIdentity::Create();
  EXPECT_EQ(VerifyLedger(path_, other.public_key())->fault->line, 1u);
  // A forger with the file but without the key cannot continue the chain.
  const std::string good = Text();
  const auto other_path = folder_.path() / "other.jsonl";
  {
    auto ledger = *Ledger::Open({.path = other_path, .identity = &other});
    ASSERT_TRUE(ledger->Append(LedgerKind::kRound, {{"round", 1}}));
  }
  std::ifstream file(other_path);
  std::string line;
  std::getline(file, line);
  std::getline(file, line);
  Write(good + line + "\n");
  EXPECT_EQ(Verify().fault->line, 4u);
  const auto reopened = Open();
  ASSERT_FALSE(reopened);
  EXPECT_EQ(reopened.error().reason, "ledger_damaged");
}

TEST_F(LedgerTest, CutsATornEntryAtEveryByte) {
  Fill(2);
  const std::string good = Text();
  const std::size_t last = good.rfind('\n', good.size() - 2) + 1;
  for (std::size_t size = last; size < good.size(); ++size) {
    Write(good.substr(0, size));
    EXPECT_EQ(Verify().torn_bytes, size - last);
    auto ledger = Open();
    ASSERT_TRUE(ledger) << ledger.error().message;
    EXPECT_EQ((*ledger)->bytes_cut(), size - last);
    EXPECT_EQ((*ledger)->size(), 2u);
    ASSERT_TRUE((*ledger)->Append(LedgerKind::kRound, {{"analysis", "response"}, {"round", 2}}));
    EXPECT_EQ(Text(), good);  // the clock stands still, so the same entry is the same line
  }
}

TEST_F(LedgerTest, BelongsToOneOpenerAtATime) {
  auto ledger = *Open();
  const auto second = Open();
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().reason, "ledger_in_use");
  ledger.reset();
  EXPECT_TRUE(Open());
}

TEST_F(LedgerTest, KeepsAllEntriesOfSeveralThreads) {
  {
    auto ledger = *Open();
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&, t] {
        for (int i = 0; i < 50; ++i) {
          ASSERT_TRUE(ledger->Append(LedgerKind::kPolicy, {{"thread", t}}));
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
  }
  EXPECT_EQ(Verify().entries, 201u);
  EXPECT_FALSE(Verify().fault);
}

TEST_F(LedgerTest, LosesNothingAcknowledgedWhenItsProcessIsKilled) {
  int pipe_ends[2];
  ASSERT_EQ(::pipe(pipe_ends), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    auto ledger = *Open();
    for (std::uint64_t i = 1;; ++i) {
      if (!ledger->Append(LedgerKind::kRound, {{"round", i}})) ::_exit(1);
      if (::write(pipe_ends[1], &i, sizeof(i)) != sizeof(i)) ::_exit(1);
    }
  }
  std::uint64_t acknowledged = 0;
  while (acknowledged < 100) {
    ASSERT_EQ(::read(pipe_ends[0], &acknowledged, sizeof(acknowledged)),
              static_cast<ssize_t>(sizeof(acknowledged)));
  }
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  ::close(pipe_ends[1]);
  std::uint64_t more = 0;
  while (::read(pipe_ends[0], &more, sizeof(more)) == sizeof(more)) acknowledged = more;
  ::close(pipe_ends[0]);
  auto ledger = Open();
  ASSERT_TRUE(ledger) << ledger.error().message;
  EXPECT_GE((*ledger)->size(), acknowledged + 1);
  EXPECT_FALSE(Verify().fault);
}

TEST_F(LedgerTest, RefusesBodiesThatAreNotObjectsAndRepairsBadText) {
  auto ledger = *Open();
  EXPECT_FALSE(ledger->Append(LedgerKind::kPolicy, nlohmann::json::array({1})));
  EXPECT_EQ(ledger->size(), 1u);
  const auto entry = ledger->Append(LedgerKind::kPolicy, {{"name", "a\xff"}});
  ASSERT_TRUE(entry);
  EXPECT_EQ(entry->body, "{\"name\":\"a\uFFFD\"}");
  EXPECT_FALSE(Verify().fault);
}

TEST_F(LedgerTest, StaysWholeWhenTheDiskIsFull) {
  auto ledger = *Open();
  ::signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  ::getrlimit(RLIMIT_FSIZE, &before);
  rlimit tight = before;
  tight.rlim_cur = std::filesystem::file_size(path_) + 10;  // room for ten bytes of the entry
  ::setrlimit(RLIMIT_FSIZE, &tight);
  const auto failed = ledger->Append(LedgerKind::kPolicy, {{"version", 2}});
  ::setrlimit(RLIMIT_FSIZE, &before);
  ASSERT_FALSE(failed);
  EXPECT_EQ(Verify().torn_bytes, 0u);
  EXPECT_TRUE(ledger->Append(LedgerKind::kPolicy, {{"version", 2}}));
  EXPECT_EQ(Verify().entries, 2u);
  EXPECT_FALSE(Verify().fault);
}

TEST_F(LedgerTest, RemembersCommitmentsAcrossRestarts) {
  const Claim first{ClaimKind::kSurvivors, core::Blake2b("header"), core::Blake2b("a, b, c")};
  Claim second = first;
  second.value = core::Blake2b("a, b, d");
  {
    auto ledger = *Open();
    auto record = *LedgerSigningRecord::Load(*ledger);
    ASSERT_TRUE(record->Commit({&first, 1}));
    ASSERT_TRUE(record->Commit({&first, 1}));
    EXPECT_EQ(ledger->size(), 2u);  // a repeat adds nothing
  }
  auto ledger = *Open();
  auto record = *LedgerSigningRecord::Load(*ledger);
  EXPECT_TRUE(record->Commit({&first, 1}));
  const auto refused = record->Commit({&second, 1});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason, "two_survivor_sets");
  record->Refused("survivors", refused.error());
  const auto entries = *ledger->Entries();
  EXPECT_EQ(entries.back().kind, LedgerKind::kRefusal);
  EXPECT_NE(entries.back().body.find("two_survivor_sets"), std::string::npos);
}

}  // namespace
}  // namespace clinnova::federation
