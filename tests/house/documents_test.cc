// SPDX-License-Identifier: Apache-2.0
// The documentation holds: its marked commands run and print what it shows, and its links lead
// somewhere.
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <sstream>
#include <thread>

#include "house/document_commands.h"

namespace clinnova::house {
namespace {

namespace fs = std::filesystem;

std::string ReadAll(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

/// A temporary folder that goes with its test.
class Folder {
 public:
  explicit Folder(const std::string& name)
      : path_(fs::temp_directory_path() /
              ("clinnova_docs_" + std::to_string(::getpid()) + "_" + name)) {
    fs::create_directories(path_);
  }
  ~Folder() {
    // A server that a document has just stopped may still be closing its files.
    std::error_code failure;
    for (int attempt = 0; attempt < 20; ++attempt) {
      fs::remove_all(path_, failure);
      if (!failure) return;
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  const fs::path& path() const { return path_; }

  /// Makes the folder look like the repository to commands that read from it.
  void LinkTo(const fs::path& root) const {
    for (const auto& entry : fs::directory_iterator(root)) {
      fs::create_symlink(entry.path(), path_ / entry.path().filename());
    }
  }

 private:
  fs::path path_;
};

/// The repository's documents, as paths relative to its root.
std::vector<std::string> Documents() {
  const fs::path root = CLINNOVA_SOURCE_DIR;
  std::vector<std::string> documents;
  for (const auto& entry : fs::directory_iterator(root)) {
    if (entry.path().extension() == ".md") documents.push_back(entry.path().filename());
  }
  for (const auto& entry : fs::recursive_directory_iterator(root / "docs")) {
    if (entry.path().extension() == ".md") {
      documents.push_back(fs::relative(entry.path(), root).generic_string());
    }
  }
  std::sort(documents.begin(), documents.end());
  return documents;
}

/// Those of them that show commands to run.
std::vector<std::string> DocumentsWithCommands() {
  std::vector<std::string> documents = Documents();
  std::erase_if(documents, [](const std::string& document) {
    return CommandBlocks(ReadAll(fs::path(CLINNOVA_SOURCE_DIR) / document)).empty();
  });
  return documents;
}

class LinkTest : public testing::TestWithParam<std::string> {};
class CommandTest : public testing::TestWithParam<std::string> {};
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(CommandTest);

TEST_P(LinkTest, LeadsToAFile) {
  const fs::path document = fs::path(CLINNOVA_SOURCE_DIR) / GetParam();
  for (const std::string& link : FileLinks(ReadAll(document))) {
    EXPECT_TRUE(fs::exists(document.parent_path() / link)) << GetParam() << " links to " << link;
  }
}

TEST_P(CommandTest, DoesWhatIsShown) {
  const fs::path document = fs::path(CLINNOVA_SOURCE_DIR) / GetParam();
  const std::vector<CommandBlock> blocks = CommandBlocks(ReadAll(document));
  const Folder folder(document.stem().string());
  folder.LinkTo(CLINNOVA_SOURCE_DIR);
  for (const CommandBlock& block : blocks) {
    const auto wrong = RunBlock(block, folder.path(), CLINNOVA_BINARY_DIR);
    ASSERT_FALSE(wrong) << GetParam() << ":" << block.line << ": " << *wrong;
  }
}

std::string TestName(const testing::TestParamInfo<std::string>& info) {
  std::string name = info.param;
  std::replace_if(name.begin(), name.end(), [](unsigned char c) { return !std::isalnum(c); }, '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(Docs, LinkTest, testing::ValuesIn(Documents()), TestName);
INSTANTIATE_TEST_SUITE_P(Docs, CommandTest, testing::ValuesIn(DocumentsWithCommands()), TestName);

TEST(CommandBlocks, AreThoseMarked) {
  const auto blocks = CommandBlocks(
      "text\n```sh\nnot this\n```\n```sh run\necho a\n\necho b\n```\n\nthen\n"
      "```text output\na\n\nb\n```\n```sh run\ntrue\n```\n```text\nnor this\n```\n");
  ASSERT_EQ(blocks.size(), 2u);
  EXPECT_EQ(blocks[0].line, 5);
  EXPECT_EQ(blocks[0].commands, "echo a\n\necho b\n");
  EXPECT_EQ(blocks[0].output, "a\n\nb\n");
  EXPECT_EQ(blocks[1].commands, "true\n");
  EXPECT_EQ(blocks[1].output, std::nullopt);
}

TEST(OutputMatches, WithDotsForAnything) {
  EXPECT_TRUE(OutputMatches("a\nb\n", "a  \nb"));
  EXPECT_TRUE(OutputMatches("a\n...\nz\n", "a\nb\nc\nz\n"));
  EXPECT_TRUE(OutputMatches("a\n...\n", "a\n"));
  EXPECT_TRUE(OutputMatches("took ... ms, ok\n", "took 12 ms, ok\n"));
  EXPECT_FALSE(OutputMatches("took ... ms, ok\n", "took 12 ms, failed\n"));
  EXPECT_FALSE(OutputMatches("a\n", "a\nb\n"));
  EXPECT_FALSE(OutputMatches("a\n...\nz\n", "a\nb\n"));
  EXPECT_FALSE(OutputMatches("a\n", ""));
}

TEST(RunBlock, TellsWhatWentWrong) {
  const Folder folder("runs");
  const fs::path programs = folder.path() / "bin";
  EXPECT_EQ(RunBlock({1, "echo a\n", "a\n"}, folder.path(), programs), std::nullopt);
  EXPECT_NE(RunBlock({1, "echo b\n", "a\n"}, folder.path(), programs), std::nullopt);
  const auto failed = RunBlock({1, "false\necho reached\n", {}}, folder.path(), programs);
  ASSERT_TRUE(failed);
  EXPECT_EQ(failed->rfind("exit status 1\n", 0), 0u) << *failed;
}

TEST(RunBlock, FindsTheProgramsThatWereBuilt) {
  const Folder folder("path");
  const fs::path program = folder.path() / "clinnova";
  std::ofstream(program) << "#!/bin/sh\necho built\n";
  fs::permissions(program, fs::perms::owner_all);
  EXPECT_EQ(RunBlock({1, "clinnova\n", "built\n"}, folder.path(), folder.path()), std::nullopt);
}

TEST(FileLinks, AreThoseIntoTheRepository) {
  EXPECT_EQ(FileLinks("[a](docs/a.md) [b](https://x.org) [c](#here) [d](d.md#there)"),
            (std::vector<std::string>{"docs/a.md", "d.md"}));
}

}  // namespace
}  // namespace clinnova::house
