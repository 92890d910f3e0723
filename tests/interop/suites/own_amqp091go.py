"""amqp091-go's own tests, with those that need a broker. needs: amqp"""

from own_suite import HOST, PORT, run_go_test

run_go_test("own_amqp091go.py", "github.com/rabbitmq/amqp091-go", "v1.10.0",
            {"AMQP_URL": f"amqp://guest:guest@{HOST}:{PORT}/"}, "-tags", "integration", "-timeout=300s", "./...")
