// Kafka with Sarama, which asks in the versions of the broker that it is told of, old ones too. needs: kafka

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"sort"
	"strings"
	"time"

	"github.com/IBM/sarama"
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
	return fmt.Sprintf("%s-sarama-%d-%d-%d", prefix, os.Getpid(), time.Now().UnixNano()%1_000_000, serial)
}

func test(name string, body func() error) {
	ended := make(chan error, 1)
	go func() { ended <- body() }()
	var err error
	select {
	case err = <-ended:
	case <-time.After(60 * time.Second):
		err = errors.New("no end after a minute")
	}
	if err != nil {
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

func config(version sarama.KafkaVersion) *sarama.Config {
	made := sarama.NewConfig()
	made.ApiVersionsRequest = false
	made.Version = version
	made.Producer.Return.Successes = true
	made.Producer.RequiredAcks = sarama.WaitForAll
	made.Consumer.Offsets.Initial = sarama.OffsetOldest
	made.Consumer.Return.Errors = false
	return made
}

func numbered(prefix string, count int) []string {
	var all []string
	for i := 0; i < count; i++ {
		all = append(all, fmt.Sprintf("%s%04d", prefix, i))
	}
	return all
}

func createTopic(partitions int32) (string, error) {
	admin, err := sarama.NewClusterAdmin([]string{broker}, config(sarama.V1_0_0_0))
	if err != nil {
		return "", err
	}
	defer admin.Close()
	topic := fresh("topic")
	return topic, admin.CreateTopic(topic, &sarama.TopicDetail{NumPartitions: partitions, ReplicationFactor: 1}, false)
}

func send(with *sarama.Config, topic string, values []string) error {
	producer, err := sarama.NewSyncProducer([]string{broker}, with)
	if err != nil {
		return err
	}
	defer producer.Close()
	var messages []*sarama.ProducerMessage
	for i, value := range values {
		messages = append(messages, &sarama.ProducerMessage{Topic: topic, Key: sarama.StringEncoder(fmt.Sprint("k", i)), Value: sarama.StringEncoder(value)})
	}
	return producer.SendMessages(messages)
}

// values reads that many records of all partitions and sorts what they hold.
func values(with *sarama.Config, topic string, count int) ([]string, error) {
	consumer, err := sarama.NewConsumer([]string{broker}, with)
	if err != nil {
		return nil, err
	}
	defer consumer.Close()
	partitions, err := consumer.Partitions(topic)
	if err != nil {
		return nil, err
	}
	found := make(chan string, 1000)
	for _, partition := range partitions {
		reader, err := consumer.ConsumePartition(topic, partition, sarama.OffsetOldest)
		if err != nil {
			return nil, err
		}
		defer reader.AsyncClose()
		go func() {
			for message := range reader.Messages() {
				found <- string(message.Value)
			}
		}()
	}
	var got []string
	for len(got) < count {
		select {
		case value := <-found:
			got = append(got, value)
		case <-time.After(20 * time.Second):
			return got, fmt.Errorf("%d of %d records", len(got), count)
		}
	}
	sort.Strings(got)
	return got, nil
}

func producesAndReads(with *sarama.Config) error {
	return producesFor(with, with)
}

func producesFor(with, reader *sarama.Config) error {
	topic, err := createTopic(3)
	if err != nil {
		return err
	}
	wanted := numbered("v", 200)
	if err := send(with, topic, wanted); err != nil {
		return err
	}
	got, err := values(reader, topic, len(wanted))
	if err != nil {
		return err
	}
	return same("values", got, wanted)
}

// member counts what it gets, marks it, and stops after so many.
type member struct {
	found chan string
}

func (m member) Setup(sarama.ConsumerGroupSession) error   { return nil }
func (m member) Cleanup(sarama.ConsumerGroupSession) error { return nil }
func (m member) ConsumeClaim(session sarama.ConsumerGroupSession, claim sarama.ConsumerGroupClaim) error {
	for {
		select {
		case message, more := <-claim.Messages():
			if !more {
				return nil
			}
			session.MarkMessage(message, "seen")
			m.found <- string(message.Value)
		case <-session.Context().Done():
			return nil
		}
	}
}

func readAsGroup(with *sarama.Config, group, topic string, count int) ([]string, error) {
	joined, err := sarama.NewConsumerGroup([]string{broker}, group, with)
	if err != nil {
		return nil, err
	}
	ctx, stop := context.WithCancel(context.Background())
	reads := member{make(chan string, 1000)}
	ended := make(chan error, 1)
	go func() { ended <- joined.Consume(ctx, []string{topic}, reads) }()
	var got []string
	for len(got) < count && err == nil {
		select {
		case value := <-reads.found:
			got = append(got, value)
		case early := <-ended:
			err = fmt.Errorf("the session ended: %v", early)
		case <-time.After(20 * time.Second):
			err = fmt.Errorf("%d of %d records", len(got), count)
		}
	}
	stop()
	if closed := joined.Close(); err == nil { // commits what was marked
		err = closed
	}
	sort.Strings(got)
	return got, err
}

func groupGoesOn(version sarama.KafkaVersion) error {
	with := config(version)
	topic, err := createTopic(4)
	if err != nil {
		return err
	}
	group := fresh("group")
	for _, prefix := range []string{"a", "b"} {
		if err := send(with, topic, numbered(prefix, 100)); err != nil {
			return err
		}
		got, err := readAsGroup(with, group, topic, 100)
		if err != nil {
			return err
		}
		if err := same("what the group reads", got, numbered(prefix, 100)); err != nil {
			return err
		}
	}
	return nil
}

func login(version int16, password string) *sarama.Config {
	with := config(sarama.V2_8_0_0)
	with.Net.SASL.Enable = true
	with.Net.SASL.Mechanism = sarama.SASLTypePlaintext
	with.Net.SASL.Version = version
	with.Net.SASL.User, with.Net.SASL.Password = "guest", password
	with.Metadata.Retry.Max = 0
	return with
}

func logsInTheOldWay() error {
	if err := producesAndReads(login(sarama.SASLHandshakeV0, "guest")); err != nil {
		return err
	}
	client, err := sarama.NewClient([]string{broker}, login(sarama.SASLHandshakeV0, "wrong"))
	if err == nil {
		client.Close()
		return errors.New("a wrong password is taken")
	}
	return nil
}

func transactions() error {
	topic, err := createTopic(2)
	if err != nil {
		return err
	}
	with := config(sarama.V2_8_0_0)
	with.Producer.Idempotent = true
	with.Producer.Transaction.ID = fresh("id")
	with.Net.MaxOpenRequests = 1
	producer, err := sarama.NewSyncProducer([]string{broker}, with)
	if err != nil {
		return err
	}
	defer producer.Close()
	for turn, prefix := range []string{"a", "b", "c"} {
		if err := producer.BeginTxn(); err != nil {
			return err
		}
		for _, value := range numbered(prefix, 50) {
			if _, _, err := producer.SendMessage(&sarama.ProducerMessage{Topic: topic, Value: sarama.StringEncoder(value)}); err != nil {
				return err
			}
		}
		if turn == 1 {
			err = producer.AbortTxn()
		} else {
			err = producer.CommitTxn()
		}
		if err != nil {
			return err
		}
	}
	reader := config(sarama.V2_8_0_0)
	reader.Consumer.IsolationLevel = sarama.ReadCommitted
	got, err := values(reader, topic, 100)
	if err != nil {
		return err
	}
	return same("what was committed", got, append(numbered("a", 50), numbered("c", 50)...))
}

func administers() error {
	admin, err := sarama.NewClusterAdmin([]string{broker}, config(sarama.V2_8_0_0))
	if err != nil {
		return err
	}
	defer admin.Close()
	topic := fresh("topic")
	text := func(value string) *string { return &value }
	// As tools send them with a topic that came from elsewhere.
	settings := map[string]*string{"message.format.version": text("2.8-IV1"), "message.downconversion.enable": text("true"),
		"leader.replication.throttled.replicas": text("0:1"), "follower.replication.throttled.replicas": text("*"),
		"compression.zstd.level": text("5"), "retention.ms": text("60000")}
	if err := admin.CreateTopic(topic, &sarama.TopicDetail{NumPartitions: 2, ReplicationFactor: 1, ConfigEntries: settings}, false); err != nil {
		return err
	}
	found, err := admin.DescribeConfig(sarama.ConfigResource{Type: sarama.TopicResource, Name: topic})
	if err != nil {
		return err
	}
	for _, entry := range found {
		if wanted := settings[entry.Name]; wanted != nil && *wanted != entry.Value {
			return fmt.Errorf("%s: got %s, expected %s", entry.Name, entry.Value, *wanted)
		}
	}
	if err := admin.CreatePartitions(topic, 5, nil, false); err != nil {
		return err
	}
	described, err := admin.DescribeTopics([]string{topic})
	if err != nil {
		return err
	}
	if err := same("partitions", len(described[0].Partitions), 5); err != nil {
		return err
	}
	return admin.DeleteTopic(topic)
}

func main() {
	sarama.Logger = log.New(io.Discard, "", 0)
	for _, version := range []sarama.KafkaVersion{sarama.V0_11_0_0, sarama.V1_1_0_0, sarama.V2_1_0_0, sarama.V2_8_0_0, sarama.V3_6_0_0} {
		test("produces_and_reads_as_to_"+version.String(), func() error { return producesAndReads(config(version)) })
	}
	// Messages of the formats before record batches; reading them in these is not served.
	for _, version := range []sarama.KafkaVersion{sarama.V0_9_0_0, sarama.V0_10_2_0} {
		for _, codec := range []sarama.CompressionCodec{sarama.CompressionNone, sarama.CompressionGZIP, sarama.CompressionSnappy, sarama.CompressionLZ4} {
			if codec == sarama.CompressionLZ4 && version == sarama.V0_9_0_0 {
				continue // the client has it from 0.10 on
			}
			test("produces_as_to_"+version.String()+"_with_"+codec.String(), func() error {
				with := config(version)
				with.Producer.Compression = codec
				return producesFor(with, config(sarama.V1_1_0_0))
			})
		}
	}
	for _, version := range []sarama.KafkaVersion{sarama.V0_11_0_0, sarama.V1_1_0_0, sarama.V2_8_0_0} {
		test("a_group_goes_on_as_to_"+version.String(), func() error { return groupGoesOn(version) })
	}
	test("logs_in_in_the_old_way", logsInTheOldWay)
	test("logs_in_in_the_new_way", func() error { return producesAndReads(login(sarama.SASLHandshakeV1, "guest")) })
	test("transactions", transactions)
	test("administers", administers)
	if failed {
		os.Exit(1)
	}
}
