// SPDX-License-Identifier: Apache-2.0
#include "intake/unpacked_files.h"

#include <gtest/gtest.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include <fstream>
#include <iterator>

namespace clinnova::intake {
namespace {

namespace fs = std::filesystem;

std::string Gzipped(const std::string& text) {
  z_stream stream{};
  EXPECT_EQ(deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
  std::string packed(deflateBound(&stream, text.size()) + 64, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  return packed;
}

std::string Zstandard(const std::string& text) {
  std::string packed(ZSTD_compressBound(text.size()), '\0');
  packed.resize(ZSTD_compress(packed.data(), packed.size(), text.data(), text.size(), 3));
  return packed;
}

class Unpacking : public testing::Test {
 protected:
  Unpacking()
      : folder_(fs::temp_directory_path() / ("clinnova_unpack_" + std::to_string(::getpid()))) {
    fs::create_directories(folder_);
    for (int i = 0; i < 200'000; ++i) text_ += std::to_string(i) + ";x\n";
  }
  ~Unpacking() override { fs::remove_all(folder_); }

  fs::path Write(const std::string& name, const std::string& bytes) {
    std::ofstream(folder_ / name, std::ios::binary) << bytes;
    return folder_ / name;
  }
  static std::string Read(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  fs::path folder_;
  std::string text_;
};

TEST_F(Unpacking, GivesTheTextAndTheNameBack) {
  const std::vector<std::pair<std::string, std::string>> files = {
      {"a.csv.gz", Gzipped(text_)},
      {"a.csv.zst", Zstandard(text_)},
      {"two members.gz", Gzipped(text_.substr(0, 1000)) + Gzipped(text_.substr(1000))},
      {"two frames.zst", Zstandard(text_.substr(0, 1000)) + Zstandard(text_.substr(1000))}};
  UnpackedFiles unpacked(folder_);
  for (const auto& [name, bytes] : files) {
    EXPECT_TRUE(LooksCompressed(bytes)) << name;
    const auto path = unpacked.Unpack(Write(name, bytes), name);
    ASSERT_TRUE(path.has_value()) << path.error().message;
    EXPECT_EQ(path->filename().string(), name.substr(0, name.rfind('.')));
    EXPECT_TRUE(Read(*path) == text_) << name;
  }
}

TEST_F(Unpacking, SaysWhenAFileIsCutOrDamaged) {
  UnpackedFiles unpacked(folder_);
  for (const std::string& whole : {Gzipped(text_), Zstandard(text_)}) {
    std::string damaged = whole;
    for (std::size_t i = whole.size() / 2; i < whole.size() / 2 + 64; ++i) damaged[i] ^= 0x55;
    for (const std::string& bytes :
         {whole.substr(0, whole.size() - 10), whole.substr(0, 30), damaged}) {
      const auto path = unpacked.Unpack(Write("a.gz", bytes), "a.gz");
      ASSERT_FALSE(path.has_value());
      EXPECT_EQ(path.error().code, ErrorCode::kInvalidInput);
      EXPECT_NE(path.error().message.find("a.gz: a compressed file that is cut or damaged"),
                std::string::npos);
    }
  }
}

TEST_F(Unpacking, LeavesNothingBehindAndShowsItToNobody) {
  const fs::path file = Write("a.gz", Gzipped(text_));
  fs::path copy;
  {
    UnpackedFiles unpacked(folder_);
    copy = unpacked.Unpack(file, "a.gz").value();
    EXPECT_EQ(fs::status(copy.parent_path().parent_path()).permissions(), fs::perms::owner_all);
  }
  EXPECT_FALSE(fs::exists(copy.parent_path().parent_path()));
  EXPECT_TRUE(fs::exists(file));
}

}  // namespace
}  // namespace clinnova::intake
