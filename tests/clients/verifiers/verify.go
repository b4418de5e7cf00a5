// verify SECRET ID TIMESTAMP SIGNATURES < BODY: what the official package says, accepted or refused.
package main

import (
	"fmt"
	"io"
	"net/http"
	"os"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

func main() {
	body, err := io.ReadAll(os.Stdin)
	if err != nil {
		panic(err)
	}
	webhook, err := standardwebhooks.NewWebhook(os.Args[1])
	if err != nil {
		panic(err)
	}
	headers := http.Header{}
	for i, name := range []string{"webhook-id", "webhook-timestamp", "webhook-signature"} {
		headers.Set(name, os.Args[2+i])
	}
	if webhook.Verify(body, headers) != nil {
		fmt.Println("refused")
	} else {
		fmt.Println("accepted")
	}
}
