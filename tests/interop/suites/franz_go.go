// Kafka with franz-go, a client written in Go from the protocol's description. needs: kafka

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sort"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
)

var (
	broker = setting("MILLRACE_KAFKA", "127.0.0.1:9092")
	serial = 0
	failed = false
)

func setting(name, otherwise string) string {
	if value := os.Getenv(name); value != "" {
		return value
	}
	return otherwise
}

func fresh(prefix string) string {
	serial++
	return fmt.Sprintf("%s-go-%d-%d-%d", prefix, os.Getpid(), time.Now().UnixNano()%1_000_000, serial)
}

func test(name string, body func(context.Context) error) {
	ctx, cancel := context.WithTimeout(context.Background(), 60*time.Second)
	defer cancel()
	if err := body(ctx); err != nil {
		failed = true
		fmt.Printf("not ok - %s: %s\n", name, strings.ReplaceAll(err.Error(), "\n", " "))
		return
	}
	fmt.Printf("ok - %s\n", name)
}

func same(what string, actual, expected any) error {
	if fmt.Sprint(actual) != fmt.Sprint(expected) {
		return fmt.Errorf("%s: got %v, expected %v", what, actual, expected)
	}
	return nil
}

func client(options ...kgo.Opt) (*kgo.Client, error) {
	return kgo.NewClient(append([]kgo.Opt{kgo.SeedBrokers(broker)}, options...)...)
}

func createTopic(ctx context.Context, partitions int32) (string, error) {
	c, err := client()
	if err != nil {
		return "", err
	}
	defer c.Close()
	topic := fresh("topic")
	_, err = kadm.NewClient(c).CreateTopic(ctx, partitions, 1, nil, topic)
	return topic, err
}

// values reads that many records of a topic and sorts what they hold.
func values(ctx context.Context, c *kgo.Client, count int) ([]string, error) {
	var got []string
	for len(got) < count {
		fetches := c.PollFetches(ctx)
		if errs := fetches.Errors(); len(errs) > 0 {
			return got, fmt.Errorf("after %d records: %w", len(got), errs[0].Err)
		}
		fetches.EachRecord(func(record *kgo.Record) { got = append(got, string(record.Value)) })
	}
	sort.Strings(got)
	return got, nil
}

func numbered(prefix string, count int) []string {
	var all []string
	for i := 0; i < count; i++ {
		all = append(all, fmt.Sprintf("%s%04d", prefix, i))
	}
	return all
}

func produceAndFetch(ctx context.Context, codec kgo.CompressionCodec) error {
	topic, err := createTopic(ctx, 3)
	if err != nil {
		return err
	}
	c, err := client(kgo.ProducerBatchCompression(codec), kgo.ConsumeTopics(topic), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	if err != nil {
		return err
	}
	defer c.Close()
	wanted := numbered("v", 300)
	var records []*kgo.Record
	for i, value := range wanted {
		records = append(records, &kgo.Record{Topic: topic, Key: []byte(fmt.Sprint("k", i%7)), Value: []byte(value),
			Headers: []kgo.RecordHeader{{Key: "n", Value: []byte(fmt.Sprint(i))}}})
	}
	if err := c.ProduceSync(ctx, records...).FirstErr(); err != nil {
		return err
	}
	got, err := values(ctx, c, len(wanted))
	if err != nil {
		return err
	}
	return same("values", got, wanted)
}

func groupTakesOver(ctx context.Context) error {
	topic, err := createTopic(ctx, 4)
	if err != nil {
		return err
	}
	producer, err := client()
	if err != nil {
		return err
	}
	defer producer.Close()
	group := fresh("group")
	send := func(prefix string) error {
		for _, value := range numbered(prefix, 100) {
			producer.Produce(ctx, &kgo.Record{Topic: topic, Value: []byte(value)}, nil)
		}
		return producer.Flush(ctx)
	}
	member := func() (*kgo.Client, error) {
		return client(kgo.ConsumerGroup(group), kgo.ConsumeTopics(topic), kgo.DisableAutoCommit(),
			kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.Balancers(kgo.CooperativeStickyBalancer()))
	}
	first, err := member()
	if err != nil {
		return err
	}
	if err := send("a"); err != nil {
		return err
	}
	got, err := values(ctx, first, 100)
	if err == nil {
		err = same("the first member", got, numbered("a", 100))
	}
	if err == nil {
		err = first.CommitUncommittedOffsets(ctx)
	}
	first.Close()
	if err != nil {
		return err
	}
	if err := send("b"); err != nil {
		return err
	}
	second, err := member()
	if err != nil {
		return err
	}
	defer second.Close()
	if got, err = values(ctx, second, 100); err != nil {
		return err
	}
	if err := same("the second member", got, numbered("b", 100)); err != nil {
		return err
	}
	lags, err := kadm.NewClient(producer).Lag(ctx, group)
	if err != nil {
		return err
	}
	// What the second member took it has not committed.
	return same("lag", lags[group].Lag.Total(), 100)
}

func readProcessWrite(ctx context.Context) error {
	from, err := createTopic(ctx, 2)
	if err != nil {
		return err
	}
	to, err := createTopic(ctx, 2)
	if err != nil {
		return err
	}
	producer, err := client()
	if err != nil {
		return err
	}
	defer producer.Close()
	for _, value := range numbered("", 200) {
		producer.Produce(ctx, &kgo.Record{Topic: from, Value: []byte(value)}, nil)
	}
	if err := producer.Flush(ctx); err != nil {
		return err
	}
	session, err := kgo.NewGroupTransactSession(kgo.SeedBrokers(broker), kgo.TransactionalID(fresh("id")), kgo.ConsumerGroup(fresh("group")),
		kgo.ConsumeTopics(from), kgo.FetchIsolationLevel(kgo.ReadCommitted()), kgo.RequireStableFetchOffsets(),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.FetchMaxBytes(2048))
	if err != nil {
		return err
	}
	defer session.Close()
	for done, turn := 0, 0; done < 200; turn++ {
		fetches := session.PollRecords(ctx, 30)
		if errs := fetches.Errors(); len(errs) > 0 {
			return errs[0].Err
		}
		if err := session.Begin(); err != nil {
			return err
		}
		count := 0
		fetches.EachRecord(func(record *kgo.Record) {
			session.Produce(ctx, &kgo.Record{Topic: to, Value: append([]byte("x"), record.Value...)}, nil)
			count++
		})
		// Each third turn changes its mind: what it wrote must not be seen, and what it read comes again.
		committed, err := session.End(ctx, kgo.TransactionEndTry(turn%3 != 1))
		if err != nil {
			return err
		}
		if committed {
			done += count
		}
	}
	reader, err := client(kgo.ConsumeTopics(to), kgo.FetchIsolationLevel(kgo.ReadCommitted()), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	if err != nil {
		return err
	}
	defer reader.Close()
	got, err := values(ctx, reader, 200)
	if err != nil {
		return err
	}
	return same("results", got, numbered("x", 200))
}

func administers(ctx context.Context) error {
	c, err := client()
	if err != nil {
		return err
	}
	defer c.Close()
	admin := kadm.NewClient(c)
	topic := fresh("topic")
	age := "3600000"
	if _, err := admin.CreateTopic(ctx, 2, 1, map[string]*string{"retention.ms": &age}, topic); err != nil {
		return err
	}
	if _, err := admin.CreateTopic(ctx, 2, 1, nil, topic); !errors.Is(err, kerr.TopicAlreadyExists) {
		return fmt.Errorf("creating it twice: %v", err)
	}
	if _, err := admin.CreatePartitions(ctx, 3, topic); err != nil {
		return err
	}
	details, err := admin.ListTopics(ctx, topic)
	if err != nil {
		return err
	}
	if err := same("partitions", len(details[topic].Partitions), 5); err != nil {
		return err
	}
	configs, err := admin.DescribeTopicConfigs(ctx, topic)
	if err != nil {
		return err
	}
	for _, config := range configs[0].Configs {
		if config.Key == "retention.ms" {
			if err := same("retention.ms", config.MaybeValue(), age); err != nil {
				return err
			}
		}
	}
	if _, err := admin.DeleteTopics(ctx, topic); err != nil {
		return err
	}
	// The first client remembers for a while what it was told.
	another, err := client()
	if err != nil {
		return err
	}
	defer another.Close()
	details, err = kadm.NewClient(another).ListTopics(ctx, topic)
	if err != nil {
		return err
	}
	if !errors.Is(details[topic].Err, kerr.UnknownTopicOrPartition) {
		return fmt.Errorf("after it was deleted: %v", details[topic].Err)
	}
	return nil
}

func main() {
	codecs := map[string]kgo.CompressionCodec{"no": kgo.NoCompression(), "gzip": kgo.GzipCompression(), "snappy": kgo.SnappyCompression(),
		"lz4": kgo.Lz4Compression(), "zstd": kgo.ZstdCompression()}
	for _, name := range []string{"no", "gzip", "snappy", "lz4", "zstd"} {
		test("records come back, with "+name+" compression", func(ctx context.Context) error { return produceAndFetch(ctx, codecs[name]) })
	}
	test("a group's next member goes on where the first committed", groupTakesOver)
	test("a read-process-write loop with aborts gives each result once", readProcessWrite)
	test("topics are made, grown, described and deleted", administers)
	if failed {
		os.Exit(1)
	}
}
